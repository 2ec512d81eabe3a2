import type { AssignedInstance } from '../model/assignment.ts';
import { isGating } from '../model/extras.ts';
import { type Hook, hooksInside } from '../model/hook.ts';
import { containerName, type InstanceId } from '../model/identity.ts';
import { parseRunMark, printRunMark, type RunMark } from '../model/job.ts';
import type { HealthCheck } from '../model/spec.ts';
import type { Attachment } from './attachment.ts';
import type { HookRun, Naming, PlacedInstance, Scope } from './containers.ts';

/**
 * A container's labels say everything that an agent must know to adopt it: whose it is, what it was made from and when it
 * counts as ready. Kontena's names where it has one, `io.gridops.*` else.
 */
const label = {
  grid: 'io.kontena.grid.name',
  stack: 'io.kontena.stack.name',
  service: 'io.kontena.service.name',
  number: 'io.kontena.service.instance_number',
  name: 'io.kontena.container.name',
  type: 'io.kontena.container.type',
  grace: 'io.kontena.container.stop_grace_period',
  node: 'io.gridops.node',
  spec: 'io.gridops.spec',
  revision: 'io.gridops.revision',
  stateful: 'io.gridops.stateful',
  waitForPort: 'io.gridops.wait_for_port',
  engineCheck: 'io.gridops.engine_check',
  hooks: 'io.gridops.hooks',
  hook: 'io.gridops.hook',
  hookOf: 'io.gridops.hook_of',
  oneshot: 'io.gridops.hook_oneshot',
  run: 'io.gridops.run',
  address: 'io.gridops.address',
  names: 'io.gridops.names',
  balancedPort: 'io.kontena.load_balancer.internal_port',
} as const;

const healthLabel = {
  protocol: 'io.kontena.health_check.protocol',
  port: 'io.kontena.health_check.port',
  uri: 'io.kontena.health_check.uri',
  timeout: 'io.kontena.health_check.timeout',
  interval: 'io.kontena.health_check.interval',
  initialDelay: 'io.kontena.health_check.initial_delay',
  retries: 'io.gridops.health_check.retries',
} as const;

type Labels = Readonly<Record<string, string>>;

/** What the labels of one of our containers say. */
export interface LabelFacts extends InstanceId {
  readonly specHash: string;
  readonly revision: string;
  readonly stopGracePeriod: number;
  readonly waitForPort: number | null;
  readonly healthCheck: HealthCheck | null;
  /** Whether the health check that the engine runs decides about it; an image may bring one that nobody asked for. */
  readonly engineCheck: boolean;
  readonly hooks: readonly Hook[];
  readonly hookRun: HookRun | null;
  readonly run: RunMark | null;
  /** The port that a load balancer passes requests on to. */
  readonly balancedPort: number | null;
  readonly naming: Naming;
}

const noNaming: Naming = { names: [], links: [], servers: [] };

/** Kontena's types of containers. */
const INSTANCE = 'container';
const HOOK = 'service_hook';

/** The service's own labels never override ours: by ours we know what we may touch. */
export function containerLabels(scope: Scope, instance: PlacedInstance): Labels {
  const { spec } = instance;
  return {
    ...spec.labels,
    ...volumeLabels(scope, instance),
    [label.service]: instance.service,
    [label.number]: String(instance.number),
    [label.name]: containerName(instance),
    [label.type]: INSTANCE,
    [label.grace]: String(spec.stopGracePeriod),
    [label.node]: scope.node,
    [label.spec]: instance.specHash,
    [label.revision]: instance.revision,
    [label.stateful]: String(instance.stateful),
    ...(spec.waitForPort === null ? {} : { [label.waitForPort]: String(spec.waitForPort) }),
    ...(spec.healthCheck === null ? {} : healthLabels(spec.healthCheck)),
    ...(isGating(spec.extras?.healthcheck) ? { [label.engineCheck]: 'true' } : {}),
    ...hookLabels(instance),
    ...(instance.run === undefined ? {} : { [label.run]: printRunMark(instance.run) }),
  };
}

/** Of a container that runs a hook. It answers for nothing: without the service's own labels, and what readiness and hooks are known by. */
export function hookRunLabels(scope: Scope, instance: AssignedInstance, run: HookRun): Labels {
  const { extras: _, ...rest } = instance.spec;
  const spec = { ...rest, labels: {}, waitForPort: null, healthCheck: null, hooks: [] };
  return {
    ...containerLabels(scope, { ...instance, spec }),
    [label.type]: HOOK,
    [label.hook]: run.hook,
    [label.hookOf]: run.container,
    [label.oneshot]: String(run.oneshot),
  };
}

/** What has to be known of how a container is connected, by whoever finds it. */
export function attachmentLabels({ spec }: AssignedInstance, attachment: Attachment): Labels {
  if (attachment.kind !== 'overlay' || spec.networkMode !== 'bridge') return {};
  const { aliases: names = [], links = [], dns: servers = [] } = spec.extras ?? {};
  const naming: Naming = { names, links, servers };
  const isPlain = names.length + links.length + servers.length === 0;
  return {
    [label.address]: attachment.address,
    ...(isPlain ? {} : { [label.names]: JSON.stringify(naming) }),
  };
}

/** Every container of ours in the overlay has it, on whatever node's behalf. */
export const addressLabel = label.address;

/** `null`: it is not in the overlay. */
export function addressOf(labels: Labels): string | null {
  return labels[label.address] ?? null;
}

export function volumeLabels(scope: Scope, instance: InstanceId): Labels {
  return { [label.grid]: scope.grid, [label.stack]: instance.stack };
}

/** Of a volume that only one instance has: whose it was is known also when the instance is gone. */
export function ownVolumeLabels(scope: Scope, instance: InstanceId): Labels {
  return {
    ...volumeLabels(scope, instance),
    [label.service]: instance.service,
    [label.number]: String(instance.number),
    [label.node]: scope.node,
  };
}

/** `node`: whose alone it is; `null`: of no one node on this engine, or an older agent made it. */
export function parseVolumeLabels(labels: Labels) {
  return {
    stack: labels[label.stack] ?? null,
    service: labels[label.service] ?? null,
    number: wholeNumber(labels[label.number]),
    node: labels[label.node] ?? null,
  };
}

export function networkLabels(grid: string): Labels {
  return { [label.grid]: grid };
}

/** As the engine's list and event filters want them: `key=value`. */
export function labelFilters(labels: Labels): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}

/** Of everything of one node. */
export function scopeFilter(scope: Scope): string[] {
  return [`${label.grid}=${scope.grid}`, `${label.node}=${scope.node}`];
}

export function instanceFilter(scope: Scope, id: InstanceId): string[] {
  return [
    ...scopeFilter(scope),
    `${label.stack}=${id.stack}`,
    `${label.service}=${id.service}`,
    `${label.number}=${id.number}`,
  ];
}

/** Whose instance a container is; `null`: it is not gridops'. */
export function ownerOf(labels: Labels): Pick<Scope, 'grid' | 'node'> | null {
  const { [label.grid]: grid, [label.node]: node } = labels;
  if (grid === undefined || node === undefined || parseLabels(labels) === null) return null;
  return { grid, node };
}

/** `null` for a container that has the scope's labels but not an instance's: somebody's copy, not ours. */
export function parseLabels(labels: Labels): LabelFacts | null {
  const stack = labels[label.stack];
  const service = labels[label.service];
  const number = wholeNumber(labels[label.number]);
  const specHash = labels[label.spec];
  if (stack === undefined || service === undefined || number === null || specHash === undefined)
    return null;
  return {
    stack,
    service,
    number,
    specHash,
    revision: labels[label.revision] ?? '',
    stopGracePeriod: decimal(labels[label.grace]) ?? 10,
    waitForPort: wholeNumber(labels[label.waitForPort]),
    healthCheck: parseHealthCheck(labels),
    engineCheck: labels[label.engineCheck] === 'true',
    hooks: parseHooks(labels[label.hooks]),
    hookRun: parseHookRun(labels),
    run: parseRunMark(labels[label.run]),
    balancedPort: wholeNumber(labels[label.balancedPort]),
    naming: parseNaming(labels[label.names]),
  };
}

/**
 * The hooks that run inside of the container, so that they are known as long as it is: also to an agent that was started
 * anew, when another spec is assigned by now or none at all.
 */
function hookLabels({ spec, number }: AssignedInstance): Labels {
  const inside = hooksInside(spec.hooks, number);
  return inside.length === 0 ? {} : { [label.hooks]: JSON.stringify(inside) };
}

/** Written by us and read by us; what somebody else made of it is no hook. */
function parseHooks(text: string | undefined): readonly Hook[] {
  if (text === undefined) return [];
  try {
    const hooks: unknown = JSON.parse(text);
    return Array.isArray(hooks) ? hooks.filter(isHook) : [];
  } catch {
    return [];
  }
}

/** Written by us, like the hooks. */
function parseNaming(text: string | undefined): Naming {
  if (text === undefined) return noNaming;
  try {
    const { names, links, servers } = JSON.parse(text) as Partial<Naming>;
    return {
      names: names?.filter((name) => typeof name === 'string') ?? [],
      links: links?.filter((link) => typeof link?.alias === 'string') ?? [],
      servers: servers?.filter((server) => typeof server === 'string') ?? [],
    };
  } catch {
    return noNaming;
  }
}

function isHook(value: unknown): value is Hook {
  const hook = value as Partial<Hook> | null;
  return typeof hook?.name === 'string' && Array.isArray(hook.command);
}

function parseHookRun(labels: Labels): HookRun | null {
  if (labels[label.type] !== HOOK) return null;
  const oneshot = labels[label.oneshot] === 'true';
  return { hook: labels[label.hook] ?? '', container: labels[label.hookOf] ?? '', oneshot };
}

function healthLabels(check: HealthCheck): Labels {
  return {
    [healthLabel.protocol]: check.protocol,
    [healthLabel.port]: String(check.port),
    [healthLabel.uri]: check.uri,
    [healthLabel.timeout]: String(check.timeout),
    [healthLabel.interval]: String(check.interval),
    [healthLabel.initialDelay]: String(check.initialDelay),
    ...(check.retries === undefined ? {} : { [healthLabel.retries]: String(check.retries) }),
  };
}

function parseHealthCheck(labels: Labels): HealthCheck | null {
  const protocol = labels[healthLabel.protocol];
  const port = wholeNumber(labels[healthLabel.port]);
  if ((protocol !== 'http' && protocol !== 'tcp') || port === null) return null;
  const retries = wholeNumber(labels[healthLabel.retries]);
  return {
    protocol,
    port,
    uri: labels[healthLabel.uri] ?? '/',
    timeout: decimal(labels[healthLabel.timeout]) ?? 10,
    interval: decimal(labels[healthLabel.interval]) ?? 60,
    initialDelay: decimal(labels[healthLabel.initialDelay]) ?? 10,
    ...(retries === null ? {} : { retries }),
  };
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function decimal(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : null;
}
