/**
 * What few services ask of Docker. Only what is asked for is there: a spec without any of it has no `extras` at all, and so
 * the hash that it had before these keys were known. Lists and maps are sorted wherever their order means nothing.
 */
export interface ContainerExtras {
  /** Process 1 is Docker's small init; else it depends (see the agent's container options). */
  readonly init?: boolean;
  readonly tty?: true;
  readonly stdinOpen?: true;
  readonly workingDir?: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly groups?: readonly string[];
  readonly ulimits?: readonly Ulimit[];
  readonly sysctls?: Texts;
  /** As the engine takes them, with `=`: `no-new-privileges`, `seccomp=unconfined`. */
  readonly securityOptions?: readonly string[];
  readonly annotations?: Texts;
  readonly ipc?: 'private' | 'host' | 'shareable' | 'none';
  readonly uts?: 'host';
  readonly userns?: 'host';
  readonly cgroup?: 'host' | 'private';
  readonly cgroupParent?: string;
  readonly runtime?: string;
  /** `os/architecture[/variant]` of the image. */
  readonly platform?: string;

  /** `name:address`; an address may be `host-gateway`. */
  readonly extraHosts?: readonly string[];
  /** Servers in the order in which they are asked. */
  readonly dns?: readonly string[];
  /** Searched after our own domains. */
  readonly dnsSearch?: readonly string[];
  /** They win over our own. */
  readonly dnsOptions?: readonly string[];
  readonly macAddress?: string;
  /** More names in the grid's network. */
  readonly aliases?: readonly string[];
  /** Names that only this container knows others by. */
  readonly links?: readonly LinkAlias[];
  /** `port/protocol`: told, not published. */
  readonly expose?: readonly string[];

  readonly devices?: readonly Device[];
  readonly deviceRules?: readonly string[];
  readonly gpus?: readonly DeviceRequest[];
  /** Options by mount point. */
  readonly tmpfs?: Texts;
  readonly storageOptions?: Texts;
  /** Bytes. */
  readonly memoryReservation?: number;
  readonly memorySwappiness?: number;
  readonly oomKillDisable?: true;
  readonly oomScoreAdj?: number;
  /** -1 is no limit. */
  readonly pidsLimit?: number;
  readonly cpuset?: string;
  /** Microseconds, like the other three. */
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpuRealtimePeriod?: number;
  readonly cpuRealtimeRuntime?: number;
  readonly blkio?: Blkio;

  readonly healthcheck?: EngineCheck;
}

type Texts = Readonly<Record<string, string>>;

/** -1 is no limit. */
export interface Ulimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** `alias` stands for whatever answers to the network alias `target` at the moment. */
export interface LinkAlias {
  readonly target: string;
  readonly alias: string;
}

export interface Device {
  readonly source: string;
  readonly target: string;
  readonly permissions: string;
}

/** What a driver of devices is asked for; `count` -1 is all. */
export interface DeviceRequest {
  readonly driver: string;
  readonly count: number;
  readonly ids: readonly string[];
  readonly capabilities: readonly string[];
  readonly options: Texts;
}

export interface Blkio {
  readonly weight?: number;
  readonly weightDevice?: readonly DeviceAmount[];
  readonly readBps?: readonly DeviceAmount[];
  readonly readIops?: readonly DeviceAmount[];
  readonly writeBps?: readonly DeviceAmount[];
  readonly writeIops?: readonly DeviceAmount[];
}

export interface DeviceAmount {
  readonly path: string;
  readonly amount: number;
}

/**
 * Compose's health check: run by the engine in the container. Times in milliseconds; what is missing the image says, or the
 * engine. `test` is as the engine takes it: `NONE` switches off what the image brings.
 */
export interface EngineCheck {
  readonly test?: readonly string[];
  readonly interval?: number;
  readonly timeout?: number;
  readonly retries?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
}

/** Whether the engine's verdict decides that an instance is ready. */
export function isGating(check: EngineCheck | undefined): boolean {
  return check !== undefined && check.test?.[0] !== 'NONE';
}
