import type { Hook } from './hook.ts';

/**
 * The complete, resolved description of a service's containers: what `docker create` needs and what decides that a
 * container is ready. Every instance of a service has the same spec; what differs (instance number, node) the agent adds.
 * Absent things are `null` or empty, never `undefined`, so that the spec hash of equal specs is equal.
 */
export interface ContainerSpec {
  readonly image: string;
  readonly command: readonly string[] | null;
  readonly entrypoint: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string | null;
  readonly ports: readonly PortBinding[];
  readonly mounts: readonly Mount[];
  readonly networkMode: 'bridge' | 'host';
  readonly hostPid: boolean;
  readonly privileged: boolean;
  readonly readOnly: boolean;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  /** Bytes. */
  readonly memory: number | null;
  /** Bytes; memory plus swap, as Docker counts it. */
  readonly memorySwap: number | null;
  /** Bytes. */
  readonly shmSize: number | null;
  /** Whole CPUs, fractions allowed. */
  readonly cpus: number | null;
  readonly cpuShares: number | null;
  readonly stopSignal: string | null;
  /** Seconds between the stop signal and the kill. */
  readonly stopGracePeriod: number;
  readonly logging: {
    readonly driver: string;
    readonly options: Readonly<Record<string, string>>;
  } | null;
  /** TCP port that must accept before the instance counts as ready. */
  readonly waitForPort: number | null;
  readonly healthCheck: HealthCheck | null;
  readonly labels: Readonly<Record<string, string>>;
  /**
   * By kind, in the order of the file; absent where there are none. An edited hook is another spec, and so another container,
   * as in Kontena: a pre-start hook has to run before a start, and a container is stopped by the hooks it was made with.
   */
  readonly hooks?: readonly Hook[];
}

export interface PortBinding {
  /** Address on the node; `null`: the node's own publish address (all addresses by default). */
  readonly ip: string | null;
  readonly nodePort: number;
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

export type Mount = BindMount | VolumeMount | AnonymousMount;

export interface BindMount {
  readonly kind: 'bind';
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface VolumeMount {
  readonly kind: 'volume';
  readonly volume: VolumeSpec;
  readonly target: string;
  readonly readOnly: boolean;
}

/** A path without a name. In a stateful service it is kept as a volume of the instance; else it dies with the container. */
export interface AnonymousMount {
  readonly kind: 'anonymous';
  readonly target: string;
}

export interface VolumeSpec {
  readonly name: string;
  /** Whose the data is: every instance's own, shared in the stack on a node, or shared in the grid on a node. */
  readonly scope: 'instance' | 'stack' | 'grid';
  /** An external volume is used under exactly its name and is never created by us. */
  readonly external: boolean;
  readonly driver: string | null;
  readonly driverOptions: Readonly<Record<string, string>>;
}

/** Kontena's health check (kontena.md 1.3): asked by the agent over the network. Times in seconds. */
export interface HealthCheck {
  readonly protocol: 'http' | 'tcp';
  readonly port: number;
  readonly uri: string;
  readonly timeout: number;
  readonly interval: number;
  readonly initialDelay: number;
}

/** One spelling for each place in a container: `/data`, `/data/` and `//data` are one. */
export function mountPlace(path: string): string {
  return path.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '');
}
