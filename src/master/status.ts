import { mayBelongTo } from '../model/desired.ts';
import { isBoundToNode, type NodeWish } from '../model/grid.ts';
import { compareInstances, compareText, instancePath, servicePath } from '../model/identity.ts';
import type { NetworkFacts } from '../model/network.ts';
import type { Health, NodeFacts, ObservedInstance } from '../model/observed.ts';
import type { Plan } from '../model/plan.ts';
import type { PreviewEnvironment } from '../model/preview-environment.ts';
import { nodeAddress, parseSubnet } from '../model/subnet.ts';
import type { NetworkOutlook } from '../planner/network-map.ts';
import type { InstanceStatus } from '../protocol/instance-api.ts';
import type { NodeStatus } from '../protocol/node-api.ts';
import type { ServiceStatus } from '../protocol/service-api.ts';
import { isHeard } from './engine-heard.ts';
import { allLabels, availabilityOf, type FleetNode } from './fleet.ts';
import type { Prepared } from './prepare.ts';

/** Pure: what the API shows of one grid, from what is wanted, what is observed and the last plan. */
export interface GridView {
  readonly grid: string;
  readonly prepared: Prepared | null;
  readonly plan: Plan | null;
  readonly nodes: readonly FleetNode[];
  /** Stacks whose newest definition has problems. */
  readonly failedStacks: ReadonlySet<string>;
  readonly network: NetworkOutlook;
  /** What runs for pull requests. */
  readonly environments: readonly PreviewEnvironment[];
  /** What a moment of the fleet's clock is called by the one on the wall. */
  readonly wallTime: (moment: number) => number;
}

export function nodeStatuses(view: GridView): readonly NodeStatus[] {
  const wishes = view.prepared?.desired.grid.nodes ?? {};
  return view.nodes.map((node) => ({
    grid: view.grid,
    name: node.name,
    status: node.online ? 'online' : node.observed ? 'offline' : 'unobserved',
    availability: availabilityOf(node, wishes[node.name]),
    ...(node.drained === null ? {} : { drained: node.drained }),
    ...staysOn(view, node),
    lastSeenAt: view.wallTime(node.heardAt),
    instances: node.instances.filter((instance) => instance.current !== null).length,
    facts: node.facts === null ? null : withWishes(node.facts, wishes[node.name]),
    ...(node.facts?.network === undefined
      ? {}
      : { network: networkOf(node.name, node.facts.network, view.network) }),
    ...(node.engine === undefined
      ? {}
      : { engine: { ...node.engine, since: view.wallTime(node.engine.since) } }),
  }));
}

function staysOn({ prepared }: GridView, node: FleetNode): Pick<NodeStatus, 'stays'> {
  if (availabilityOf(node, prepared?.desired.grid.nodes[node.name]) === 'active') return {};
  const bound = node.instances.filter((instance) => {
    const service = prepared?.services.get(servicePath(instance));
    return instance.current !== null && service !== undefined && isBoundToNode(service);
  });
  return bound.length === 0 ? {} : { stays: bound.map(instancePath).toSorted(compareText) };
}

function networkOf(
  name: string,
  { mode, reason, publicAddress, addresses, region }: NetworkFacts,
  { map, leftOut }: NetworkOutlook,
): NonNullable<NodeStatus['network']> {
  const seat = map?.nodes.find((one) => one.name === name);
  return {
    mode,
    reason: leftOut.find((one) => one.node === name)?.reason ?? reason ?? null,
    number: seat?.number ?? null,
    address: map && seat ? nodeAddress(parseSubnet(map.subnet), seat.number) : null,
    publicAddress,
    privateAddress: addresses[0] ?? null,
    region,
  };
}

/** A node has the labels that its agent was given and those of grid.yml. */
function withWishes(facts: NodeFacts, wish: NodeWish | undefined): NodeFacts {
  return { ...facts, labels: allLabels(facts, wish) };
}

export function serviceStatuses(view: GridView): readonly ServiceStatus[] {
  const byService = new Map<string, InstanceStatus[]>();
  for (const instance of instanceStatuses(view)) {
    const path = servicePath(instance);
    const known = byService.get(path);
    if (known === undefined) byService.set(path, [instance]);
    else known.push(instance);
  }
  const ready = readyPaths(view);
  const rolledBack = new Map((view.plan?.rolledBack ?? []).map((one) => [servicePath(one), one]));
  const services = [...(view.prepared?.services.values() ?? [])];
  return services
    .toSorted((a, b) => compareText(a.stack, b.stack) || compareText(a.name, b.name))
    .map((service) => {
      const path = servicePath({ stack: service.stack, service: service.name });
      const instances = (byService.get(path) ?? []).filter((one) => one.state !== 'unwanted');
      const divergence = rolledBack.get(path);
      const wantedHash = divergence?.specHash ?? service.specHash;
      return {
        grid: view.grid,
        stack: service.stack,
        name: service.name,
        image: service.spec.image,
        strategy: service.strategy,
        stateful: service.stateful,
        wanted: Math.max(instances.length, service.strategy === 'daemon' ? 0 : service.instances),
        ready: instances.filter((one) => ready.has(instancePath(one))).length,
        updated: instances.filter((one) => one.specHash === wantedHash).length,
        health: worst(instances.map((one) => one.health)),
        specHash: service.specHash,
        position: service.position,
        held: view.failedStacks.has(service.stack),
        ...(divergence === undefined ? {} : { divergence }),
        ...previewOf(view, service.stack),
      };
    });
}

function previewOf({ environments }: GridView, stack: string): Pick<ServiceStatus, 'preview'> {
  const found = environments.find(({ stacks }) => stacks.some(({ name }) => name === stack));
  if (found === undefined) return {};
  const { request, head, url } = found;
  return { preview: { request, head, ...(url === null ? {} : { url }) } };
}

export function instanceStatuses(view: GridView): readonly InstanceStatus[] {
  const found = new Map<string, InstanceStatus>();
  for (const node of view.nodes)
    for (const instance of node.instances) {
      const status = observedStatus(view, node, instance);
      const path = instancePath(instance);
      const known = found.get(path);
      // While an instance moves it is on two nodes: the one that serves is shown.
      if (known === undefined || (known.containerId === null && status.containerId !== null))
        found.set(path, status);
    }
  for (const missing of notObserved(view))
    if (!found.has(instancePath(missing))) found.set(instancePath(missing), missing);
  return [...found.values()].toSorted(compareInstances);
}

/** Instances that serve, on whatever spec: while a rollout has stopped, that is the old one. */
export function readyPaths(view: Pick<GridView, 'nodes'>): ReadonlySet<string> {
  const ready = new Set<string>();
  for (const node of view.nodes)
    for (const instance of isHeard(node) ? node.instances : [])
      if (instance.current?.ready === true || isJobReady(instance))
        ready.add(instancePath(instance));
  return ready;
}

/** Nothing stands in the way of its next run, and nobody waits for one. */
function isJobReady({ job, attempt }: ObservedInstance): boolean {
  return job !== undefined && attempt === null;
}

function observedStatus(
  view: GridView,
  node: FleetNode,
  instance: ObservedInstance,
): InstanceStatus {
  const service = view.prepared?.services.get(servicePath(instance));
  const { current, attempt } = instance;
  return {
    grid: view.grid,
    stack: instance.stack,
    service: instance.service,
    number: instance.number,
    state: stateOf({ view, node, instance, wanted: service?.specHash ?? null }),
    health: isHeard(node) ? (current?.health ?? 'unknown') : 'unknown',
    node: node.name,
    containerId: current?.id ?? null,
    specHash: current?.specHash ?? instance.job?.specHash ?? null,
    wantedSpecHash: service?.specHash ?? null,
    revision: current?.revision ?? null,
    startedAt: current?.startedAt ?? null,
    attempt,
    ...(instance.drift === undefined ? {} : { drift: instance.drift }),
  };
}

function stateOf(of: {
  view: GridView;
  node: FleetNode;
  instance: ObservedInstance;
  wanted: string | null;
}): InstanceStatus['state'] {
  const { current, attempt, job } = of.instance;
  const held = mayBelongTo(of.view.prepared?.desired.held ?? [], of.instance.stack);
  if (!isHeard(of.node)) return 'unknown';
  if (of.wanted === null && !held) return 'unwanted';
  if (attempt !== null) return attempt.failure === null ? 'updating' : 'failing';
  if (job !== undefined) return job.running === null ? 'idle' : 'running';
  if (current === null) return 'missing';
  if (current.paused === true) return 'paused';
  if (!current.running) return 'stopped';
  if (of.wanted !== null && current.specHash !== of.wanted) return 'updating';
  return current.ready ? 'running' : 'updating';
}

/** Instances that the plan wants somewhere and no node shows. */
function notObserved(view: GridView): readonly InstanceStatus[] {
  const { plan } = view;
  if (plan === null) return [];
  const missing = [...plan.waiting, ...plan.halted].map((one) => absent(view, one, 'missing'));
  const coming = plan.waves
    .flatMap((wave) => wave.steps)
    .filter((step) => step.kind === 'create')
    .map((step) => ({ ...absent(view, step, 'missing'), node: step.node }));
  const blocked = plan.blocked.map((one) => absent(view, one, 'blocked'));
  return [...blocked, ...coming, ...missing];
}

function absent(
  view: GridView,
  id: { readonly stack: string; readonly service: string; readonly number: number },
  state: 'missing' | 'blocked',
): InstanceStatus {
  return {
    grid: view.grid,
    stack: id.stack,
    service: id.service,
    number: id.number,
    state,
    health: 'unknown',
    node: null,
    containerId: null,
    specHash: null,
    wantedSpecHash: view.prepared?.services.get(servicePath(id))?.specHash ?? null,
    revision: null,
    startedAt: null,
    attempt: null,
  };
}

const healthOrder: readonly Health[] = ['healthy', 'unknown', 'starting', 'unhealthy'];

function worst(all: readonly Health[]): Health {
  const ranks = all.map((health) => healthOrder.indexOf(health));
  return healthOrder[Math.max(...ranks, all.length === 0 ? 1 : 0)] ?? 'unknown';
}
