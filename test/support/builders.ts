import type { AssignedInstance } from '../../src/model/assignment.ts';
import type { DesiredState } from '../../src/model/desired.ts';
import { shortDigest } from '../../src/model/digest.ts';
import type { Affinity, Grid, Service, Stack } from '../../src/model/grid.ts';
import type { Hook, HookKind } from '../../src/model/hook.ts';
import type { HostReport, TakenPort } from '../../src/model/host-report.ts';
import { compareText } from '../../src/model/identity.ts';
import type {
  AssignedId,
  Attempt,
  Failure,
  NodeFacts,
  ObservedContainer,
  ObservedInstance,
  ObservedNode,
} from '../../src/model/observed.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { ContainerSpec, PortBinding, VolumeMount } from '../../src/model/spec.ts';

/** When nothing else is said: now. Any fixed moment will do. */
export const NOW = 1_800_000_000_000;

/** The hash of `aSpec()`. */
export const PLAIN_SPEC_HASH: string = shortDigest(aSpec());

export function aGrid(overrides: Partial<Grid> = {}): Grid {
  return {
    name: 'demo',
    subnet: '10.81.0.0/16',
    trustedSubnets: [],
    mtu: 1370,
    defaultAffinity: [],
    nodes: {},
    pruneBudget: 0.3,
    deployTimeout: 600,
    ...overrides,
  };
}

export function aSpec(overrides: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    image: 'demo:1',
    command: null,
    entrypoint: null,
    env: {},
    user: null,
    ports: [],
    mounts: [],
    networkMode: 'bridge',
    hostPid: false,
    privileged: false,
    readOnly: false,
    capAdd: [],
    capDrop: [],
    memory: null,
    memorySwap: null,
    shmSize: null,
    cpus: null,
    cpuShares: null,
    stopSignal: null,
    stopGracePeriod: 10,
    logging: null,
    waitForPort: null,
    healthCheck: null,
    labels: {},
    ...overrides,
  };
}

export function aPort(nodePort: number, overrides: Partial<PortBinding> = {}): PortBinding {
  return { ip: null, nodePort, containerPort: 8080, protocol: 'tcp', ...overrides };
}

export function aHook(kind: HookKind, name: string, overrides: Partial<Hook> = {}): Hook {
  return {
    kind,
    name,
    command: ['/bin/sh', '-c', name],
    instances: null,
    oneshot: false,
    user: null,
    privileged: false,
    workingDirectory: null,
    env: {},
    ...overrides,
  };
}

export function aVolumeMount(overrides: Partial<VolumeMount['volume']> = {}): VolumeMount {
  const volume: VolumeMount['volume'] = {
    name: 'data',
    scope: 'instance',
    external: false,
    driver: null,
    driverOptions: {},
    ...overrides,
  };
  return { kind: 'volume', volume, target: '/data', readOnly: false };
}

/** Its hash is its spec's, unless another one is given. */
export function aService(overrides: Partial<Service> = {}): Service {
  const spec = overrides.spec ?? aSpec();
  return {
    stack: 'shop',
    name: 'web',
    instances: 1,
    stateful: false,
    affinity: [],
    strategy: 'ha',
    minHealth: 0.8,
    dependsOn: [],
    spec,
    specHash: overrides.specHash ?? shortDigest(spec),
    position: { file: 'grids/demo/stacks/shop/kontena.yml', line: 1, column: 1 },
    ...overrides,
  };
}

export function aStack(overrides: Partial<Stack> = {}): Stack {
  return { name: 'shop', services: [aService()], ...overrides };
}

/** `label==ssd`, `service!=~db`, `node==/^web-/`. */
export function anAffinity(text: string): Affinity {
  const parts = /^(node|service|container|label)(==|!=)(~?)(.+)$/.exec(text);
  if (parts === null) throw new Error(`not an affinity: ${text}`);
  const [, key, operator, tilde, value] = parts;
  return {
    key: key as Affinity['key'],
    negated: operator === '!=',
    soft: tilde === '~',
    value: value ?? '',
  };
}

export function aDesiredState(overrides: Partial<DesiredState> = {}): DesiredState {
  return {
    grid: aGrid(),
    revision: '3f2a9c1d5e6b7a8091a2b3c4d5e6f708192a3b4c',
    stacks: [aStack()],
    held: [],
    ...overrides,
  };
}

/** A desired state of these services, each in the stack that it names. */
export function desiring(
  services: readonly Service[],
  overrides: Partial<DesiredState> = {},
): DesiredState {
  const names = [...new Set(services.map((service) => service.stack))].toSorted(compareText);
  const stacks = names.map((name) => ({
    name,
    services: services.filter((service) => service.stack === name),
  }));
  return aDesiredState({ stacks, ...overrides });
}

export function someFacts(overrides: Partial<NodeFacts> = {}): NodeFacts {
  return {
    labels: [],
    cpus: 4,
    memory: 8 * 1024 ** 3,
    engineVersion: '27.3.1',
    agentVersion: '0.1.0',
    operatingSystem: 'Debian GNU/Linux 12',
    architecture: 'x86_64',
    volumeDrivers: ['local'],
    publishAddress: '0.0.0.0',
    ...overrides,
  };
}

type NodeOverrides = Partial<ObservedNode> & { readonly labels?: readonly string[] };

/** An online node with nothing on it. `labels` is short for facts with these labels. */
export function aNode(overrides: NodeOverrides = {}): ObservedNode {
  const { labels, ...rest } = overrides;
  return {
    name: 'web-1',
    status: 'online',
    lastSeenAt: NOW,
    availability: 'active',
    facts: someFacts(labels === undefined ? {} : { labels }),
    instances: [],
    assigned: [],
    ...rest,
  };
}

export function aHostReport(overrides: Partial<HostReport> = {}): HostReport {
  return { ports: [], volumes: [], ...overrides };
}

/** On all addresses, by a container that is not ours. */
export function aTakenPort(port: number, overrides: Partial<TakenPort> = {}): TakenPort {
  return { address: '0.0.0.0', port, protocol: 'tcp', container: 'nginx', ...overrides };
}

/** A running, ready container. */
export function aContainer(overrides: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    id: 'c0ffee',
    specHash: PLAIN_SPEC_HASH,
    revision: '3f2a9c1d5e6b7a8091a2b3c4d5e6f708192a3b4c',
    running: true,
    ready: true,
    health: 'unknown',
    startedAt: NOW - 3_600_000,
    ...overrides,
  };
}

export function anObservedInstance(overrides: Partial<ObservedInstance> = {}): ObservedInstance {
  return {
    stack: 'shop',
    service: 'web',
    number: 1,
    current: aContainer(),
    attempt: null,
    ...overrides,
  };
}

export function anAttempt(overrides: Partial<Attempt> = {}): Attempt {
  return {
    specHash: PLAIN_SPEC_HASH,
    phase: 'starting',
    message: 'starting',
    failure: null,
    ...overrides,
  };
}

export function aFailure(overrides: Partial<Failure> = {}): Failure {
  return {
    code: 'container-exited',
    message: 'exited with code 1',
    exitCode: 1,
    log: ['listening', 'fatal: no database'],
    count: 1,
    ...overrides,
  };
}

/** Instance `number` of a service as its node shows it once it is deployed. */
export function running(
  service: Service,
  number = 1,
  overrides: Partial<ObservedContainer> = {},
): ObservedInstance {
  return anObservedInstance({
    stack: service.stack,
    service: service.name,
    number,
    current: aContainer({
      id: `${service.stack}.${service.name}-${number}`,
      specHash: service.specHash,
      ...overrides,
    }),
  });
}

/** What the master has assigned once it has deployed instance `number` of a service. */
export function assigned(service: Service, number = 1, specHash = service.specHash): AssignedId {
  const { stack, name, stateful } = service;
  return { stack, service: name, number, specHash, stateful };
}

/** A service's instance as its node is assigned it. */
export function anAssignedInstance(
  service: Service,
  overrides: Partial<AssignedInstance> = {},
): AssignedInstance {
  const { stack, name, stateful, spec, specHash } = service;
  const fixed = { number: 1, revision: 'c0ffee', mode: 'start-first' } as const;
  return { stack, service: name, stateful, spec, specHash, ...fixed, ...overrides };
}

/** A node on which these instances are assigned, running and ready. */
export function aNodeRunning(
  name: string,
  instances: readonly (readonly [Service, number])[],
  overrides: NodeOverrides = {},
): ObservedNode {
  return aNode({
    name,
    instances: instances.map(([service, number]) => running(service, number)),
    assigned: instances.map(([service, number]) => assigned(service, number)),
    ...overrides,
  });
}

/** A plan with nothing to do. */
export function aPlan(overrides: Partial<Plan> = {}): Plan {
  return {
    grid: 'demo',
    revision: '3f2a9c1d5e6b7a8091a2b3c4d5e6f708192a3b4c',
    waves: [],
    blocked: [],
    halted: [],
    waiting: [],
    warnings: [],
    confirmation: null,
    wanted: 1,
    hash: 'b10c'.repeat(16),
    ...overrides,
  };
}

/** The value with everything in it frozen: whoever changes it throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}

/** An agent's network as most tests have it: a bridge on its own engine, and nothing of the host. */
export const onBridge = {
  mode: 'bridge',
  publicAddress: null,
  privateAddress: null,
  wireguardImage: 'gridops/wireguard',
  hostsFile: '/etc/hosts',
} as const;
