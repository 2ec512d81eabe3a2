import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerExtras } from '../model/extras.ts';
import type { ContainerSpec, PortBinding } from '../model/spec.ts';
import { type Attachment, hardwareAddress } from './attachment.ts';
import { extraConfig, extraHostConfig } from './container-extras.ts';
import type { PlacedInstance, Scope } from './containers.ts';
import { attachmentLabels, containerLabels } from './labels.ts';
import { mountOptions } from './mount-options.ts';

export interface ContainerOptionsInput {
  readonly scope: Scope;
  readonly instance: PlacedInstance;
  /** Paths that the image declares as volumes. Looked up for stateful services only. */
  readonly imageVolumes: readonly string[];
  readonly attachment: Attachment;
}

/** The kernel's limits. A longer host name fails the container's start; a longer domain name is cut off, worse than none. */
const HOST_NAME_LENGTH = 63;
const DOMAIN_LENGTH = 64;
const CPU_PERIOD = 100_000;

/**
 * The engine's create request for one instance (Docker API 1.40 and later). No restart policy: the agent restarts, because
 * only the agent knows backoff, readiness and which spec is wanted. Throws `engine-refused` for paths that Docker's own
 * notation cannot express.
 */
export function containerOptions(input: ContainerOptionsInput) {
  const { scope, instance, attachment } = input;
  const { spec } = instance;
  const bridged = spec.networkMode === 'bridge';
  const extras = spec.extras ?? {};
  return {
    Image: spec.image,
    ...(spec.command === null ? {} : { Cmd: [...spec.command] }),
    ...(spec.entrypoint === null ? {} : { Entrypoint: [...spec.entrypoint] }),
    ...(spec.user === null ? {} : { User: spec.user }),
    ...(spec.stopSignal === null ? {} : { StopSignal: spec.stopSignal }),
    StopTimeout: Math.ceil(spec.stopGracePeriod),
    Env: environment(scope, instance),
    Labels: { ...containerLabels(scope, instance), ...attachmentLabels(instance, attachment) },
    // A name of its own needs a UTS namespace of its own.
    ...(bridged && extras.uts !== 'host' ? hostNames(scope, instance) : {}),
    ...extraConfig(extras),
    ...(bridged ? { ExposedPorts: exposedPorts(spec, extras) } : {}),
    HostConfig: hostConfig(input),
    ...(bridged ? networking(scope, instance, attachment) : {}),
  };
}

function environment(scope: Scope, instance: AssignedInstance): string[] {
  const all = {
    ...instance.spec.env,
    KONTENA_NODE_NAME: scope.node,
    KONTENA_SERVICE_INSTANCE_NUMBER: String(instance.number),
  };
  return Object.entries(all).map(([key, value]) => `${key}=${value}`);
}

function hostNames(scope: Scope, instance: AssignedInstance) {
  const domain = domainName(scope, instance);
  return {
    Hostname: `${instance.service}-${instance.number}`.slice(0, HOST_NAME_LENGTH),
    ...(domain.length > DOMAIN_LENGTH ? {} : { Domainname: domain }),
  };
}

function domainName(scope: Scope, instance: AssignedInstance): string {
  return `${instance.stack}.${scope.grid}.kontena.local`;
}

function exposedPorts(spec: ContainerSpec, extras: ContainerExtras) {
  const keys = [...spec.ports.map(portKey), ...(extras.expose ?? [])];
  return Object.fromEntries(keys.map((key) => [key, {}]));
}

/** How the engine is told of one end of a network. */
export interface Endpoint {
  readonly Aliases?: string[];
  readonly Links?: string[];
  readonly MacAddress?: string;
  readonly IPAMConfig?: { readonly IPv4Address: string };
}

function networking(scope: Scope, instance: AssignedInstance, attachment: Attachment) {
  if (attachment.kind === 'none') return {};
  const endpoint: Endpoint =
    attachment.kind === 'bridge'
      ? bridgeEndpoint(scope, instance)
      : overlayEndpoint(instance, attachment.address);
  return { NetworkingConfig: { EndpointsConfig: { [attachment.network]: endpoint } } };
}

/** Links may name what does not exist yet: the engine's DNS looks their target up each time it is asked. */
export function bridgeEndpoint(scope: Scope, instance: AssignedInstance): Endpoint {
  const { aliases: more = [], links, macAddress } = instance.spec.extras ?? {};
  return {
    Aliases: [...new Set([...aliases(scope, instance), ...more])],
    ...(links === undefined ? {} : { Links: links.map((link) => `${link.target}:${link.alias}`) }),
    ...(macAddress === undefined ? {} : { MacAddress: macAddress }),
  };
}

/** Without aliases: the engine would answer to them by itself, and knows only the containers of this host. */
export function overlayEndpoint({ spec }: AssignedInstance, address: string): Endpoint {
  return {
    IPAMConfig: { IPv4Address: address },
    MacAddress: spec.extras?.macAddress ?? hardwareAddress(address),
  };
}

function aliases(scope: Scope, { stack, service, number }: AssignedInstance): string[] {
  const domain = `${stack}.${scope.grid}.kontena.local`;
  return [
    service,
    `${service}-${number}`,
    `${service}.${stack}`,
    `${service}.${domain}`,
    `${service}-${number}.${domain}`,
    // What the services of an app were called in Kontena, which knew no stacks then.
    `${stack}-${service}.kontena.local`,
    `${stack}-${service}-${number}.kontena.local`,
  ];
}

function hostConfig({ scope, instance, imageVolumes, attachment }: ContainerOptionsInput) {
  const { spec } = instance;
  const bridged = spec.networkMode === 'bridge';
  return {
    NetworkMode: bridged ? networkOf(attachment) : spec.networkMode,
    ...resolver(scope, instance, attachment),
    ...(bridged ? { PortBindings: portBindings(spec.ports, scope) } : {}),
    // As process 1 a program without signal handlers ignores its stop signal. In the host's namespace it is not process 1.
    Init: !spec.hostPid,
    ...(spec.hostPid ? { PidMode: 'host' } : {}),
    Privileged: spec.privileged,
    ReadonlyRootfs: spec.readOnly,
    CapAdd: [...spec.capAdd],
    CapDrop: [...spec.capDrop],
    ...changeableOptions(spec),
    ...(spec.logging === null
      ? {}
      : { LogConfig: { Type: spec.logging.driver, Config: { ...spec.logging.options } } }),
    ...mountOptions({ scope, instance, imageVolumes }),
  };
}

/** With everything in it that the engine can change while a container runs. */
export function changeableOptions(spec: ContainerSpec) {
  return { ...resources(spec), ...extraHostConfig(spec.extras ?? {}) };
}

function networkOf(attachment: Attachment): string {
  return attachment.kind === 'none' ? 'bridge' : attachment.network;
}

/** An option of the service takes the place of ours of the same name. */
function resolver(scope: Scope, instance: AssignedInstance, attachment: Attachment) {
  const { dns, dnsSearch = [], dnsOptions = [] } = instance.spec.extras ?? {};
  const kind = instance.spec.networkMode === 'bridge' ? attachment.kind : 'none';
  const domains =
    kind === 'none'
      ? dnsSearch
      : [domainName(scope, instance), `${scope.grid}.kontena.local`, ...dnsSearch];
  const set = new Set(dnsOptions.map(optionName));
  const options = [
    ...ownOptions[kind].filter((option) => !set.has(optionName(option))),
    ...dnsOptions,
  ];
  // In the overlay the agent asks the service's own servers for names that are not the grid's.
  const servers = attachment.kind === 'overlay' && kind === 'overlay' ? [attachment.resolver] : dns;
  return {
    ...(servers === undefined ? {} : { Dns: [...servers] }),
    ...(domains.length === 0 ? {} : { DnsSearch: domains }),
    ...(options.length === 0 ? {} : { DnsOptions: options }),
  };
}

/**
 * A bare service name is looked up inside its own stack first. On the engine's bridge then as the whole grid's alias; in the
 * overlay `web.app` is looked for in the grid, too, before anybody outside is asked: it may be a name of the internet.
 */
const ownOptions: Readonly<Record<Attachment['kind'], readonly string[]>> = {
  none: [],
  bridge: ['ndots:1', 'timeout:1'],
  overlay: ['ndots:2', 'timeout:1'],
};

function optionName(option: string): string {
  return option.split(':', 1)[0] ?? '';
}

function resources(spec: ContainerSpec) {
  return {
    ...(spec.memory === null ? {} : { Memory: spec.memory }),
    ...(spec.memorySwap === null ? {} : { MemorySwap: spec.memorySwap }),
    ...(spec.shmSize === null ? {} : { ShmSize: spec.shmSize }),
    ...(spec.cpuShares === null ? {} : { CpuShares: spec.cpuShares }),
    // A quota, not NanoCpus: the engine refuses those above the number of CPUs that this node happens to have.
    ...(spec.cpus === null
      ? {}
      : { CpuPeriod: CPU_PERIOD, CpuQuota: Math.floor(CPU_PERIOD * spec.cpus) }),
  };
}

function portKey(port: PortBinding): string {
  return `${port.containerPort}/${port.protocol}`;
}

function portBindings(ports: readonly PortBinding[], scope: Scope) {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    const binding = { HostIp: port.ip ?? scope.publishAddress, HostPort: String(port.nodePort) };
    (bindings[portKey(port)] ??= []).push(binding);
  }
  return bindings;
}
