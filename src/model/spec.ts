import type { ContainerExtras } from './extras.ts';
import type { Hook } from './hook.ts';

/**
 * The complete, resolved description of a service's containers: what `docker create` needs and what decides that a
 * container is ready. Every instance of a service has the same spec; what differs (instance number, node) the agent adds.
 * Absent things are `null` or empty, never `undefined`, so that the spec hash of equal specs is equal; `extras` are left out.
 */
export interface ContainerSpec {
  readonly image: string;
  readonly command: readonly string[] | null;
  readonly entrypoint: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string | null;
  readonly ports: readonly PortBinding[];
  readonly mounts: readonly Mount[];
  /** Absent: none. */
  readonly volumesFrom?: readonly VolumesFrom[];
  readonly networkMode: 'bridge' | 'host' | 'none';
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
    /** Empty: the engine's own. */
    readonly driver: string;
    readonly options: Readonly<Record<string, string>>;
  } | null;
  /** TCP port that must accept before the instance counts as ready. */
  readonly waitForPort: number | null;
  readonly healthCheck: HealthCheck | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Left out when there are none. */
  readonly extras?: ContainerExtras;
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

export type Mount =
  | BindMount
  | VolumeMount
  | AnonymousMount
  | TmpfsMount
  | FilesMount
  | SecretMount;

export type Propagation = 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave';

export interface BindMount {
  readonly kind: 'bind';
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Absent: the engine's own. */
  readonly propagation?: Propagation;
  readonly selinux?: 'z' | 'Z';
  /** Else the engine makes a folder where nothing is. */
  readonly mustExist?: true;
}

export interface VolumeMount {
  readonly kind: 'volume';
  readonly volume: VolumeSpec;
  readonly target: string;
  readonly readOnly: boolean;
  /** A new volume stays empty, whatever the image has at that path. */
  readonly noCopy?: true;
  /** A folder in the volume. */
  readonly subpath?: string;
}

/** A path without a name. In a stateful service it is kept as a volume of the instance; else it dies with the container. */
export interface AnonymousMount {
  readonly kind: 'anonymous';
  readonly target: string;
}

/** Memory that is gone with the container. */
export interface TmpfsMount {
  readonly kind: 'tmpfs';
  readonly target: string;
  readonly readOnly: boolean;
  /** Bytes. */
  readonly size: number | null;
  /** Permission bits. */
  readonly mode: number | null;
}

/** Files of the repository, by the digest of their bundle (delivery.ts): contents are no part of a spec. Read-only. */
export interface FilesMount {
  readonly kind: 'files';
  readonly target: string;
  readonly digest: string;
  readonly selinux?: 'z' | 'Z';
}

/** A file with secrets in it: its text has marks (secret.ts), and becomes what it is on the node. Read-only. */
export interface SecretMount {
  readonly kind: 'secret';
  readonly target: string;
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
  /** Who owns it; `null`: the agent's own user. */
  readonly uid: number | null;
  readonly gid: number | null;
}

/** All mounts of another container on the node: an instance of a service of the same stack. */
export interface VolumesFrom {
  readonly service: string;
  /** `null`: the instance's own number. */
  readonly number: number | null;
  readonly readOnly: boolean;
}

export interface VolumeSpec {
  readonly name: string;
  /** Whose the data is: every instance's own, shared in the stack on a node, or shared in the grid on a node. */
  readonly scope: 'instance' | 'stack' | 'grid';
  /** An external volume is used under exactly its name and is never created by us. */
  readonly external: boolean;
  readonly driver: string | null;
  readonly driverOptions: Readonly<Record<string, string>>;
  /** Absent: none of its own. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Kontena's health check (kontena.md 1.3): asked by the agent over the network. Times in seconds. */
export interface HealthCheck {
  readonly protocol: 'http' | 'tcp';
  readonly port: number;
  readonly uri: string;
  readonly timeout: number;
  readonly interval: number;
  readonly initialDelay: number;
  /** So many failures in a row are an illness. Absent: three. */
  readonly retries?: number;
}

/** One spelling for each place in a container: `/data`, `/data/` and `//data` are one. */
export function mountPlace(path: string): string {
  return path.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '');
}
