import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerPhase } from '../model/container.ts';
import type { Deviation } from '../model/drift.ts';
import type { DiskSpace } from '../model/engine-condition.ts';
import type { LinkAlias } from '../model/extras.ts';
import type { Hook } from '../model/hook.ts';
import type { HostReport } from '../model/host-report.ts';
import type { InstanceId } from '../model/identity.ts';
import type { RunMark } from '../model/job.ts';
import type { HealthCheck } from '../model/spec.ts';
import type { LiveSettings } from './live-settings.ts';

/** Which containers are ours: those that carry this grid and this node as labels. Several nodes may share one engine. */
export interface Scope {
  readonly grid: string;
  readonly node: string;
  /** Address for ports that name none. */
  readonly publishAddress: string;
}

/** One line of the engine's list. */
export interface ContainerSummary extends InstanceId {
  readonly id: string;
  readonly name: string;
  /** Empty where it is in another network than containers of this node have to be now: so it is no spec that is wanted. */
  readonly specHash: string;
  readonly phase: ContainerPhase;
  /** The verdict of the health check that the engine runs; `null` while there is none, and where none was asked for. */
  readonly engineHealth: EngineHealth | null;
  /** What it is for when it is not the instance's: to run a hook, and to be thrown away. */
  readonly hookRun: HookRun | null;
  /** Names of those that it is attached to, sorted. Absent: it was not looked at yet. */
  readonly networks?: readonly string[];
}

/** Which hook a container runs, by key, and before which container's start. */
export interface HookRun {
  readonly hook: string;
  readonly container: string;
  /** Its success outlives its container, whoever waits for it by then. */
  readonly oneshot: boolean;
}

/** With where on the host its mounts come from, as the engine tells it. */
export interface ListedContainer extends ContainerSummary {
  readonly mounted: readonly string[];
  /** Names of the volumes among them. Absent: it is not told. */
  readonly volumes?: readonly string[];
}
export type EngineHealth = 'starting' | 'healthy' | 'unhealthy';

/** Everything that an engine knows of a container of ours. Times are milliseconds since the epoch. */
export interface ContainerFacts extends ContainerSummary {
  readonly revision: string;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly exitCode: number | null;
  readonly outOfMemory: boolean;
  /** Where this host reaches it; `null` while it has no address. */
  readonly address: string | null;
  /** Seconds. */
  readonly stopGracePeriod: number;
  readonly waitForPort: number | null;
  readonly healthCheck: HealthCheck | null;
  /** What the engine's last check printed; empty when there is nothing to say. */
  readonly engineMessage: string;
  /** Those that run inside of it. */
  readonly hooks: readonly Hook[];
  /** Which run of a job it is; `null`: it is a service's. */
  readonly run: RunMark | null;
  /** How others may find it; `null`: not at all, for want of an address of its own. */
  readonly presence: Presence | null;
  /** Absent: it was not looked at yet. */
  readonly settings?: LiveSettings;
}

/** What the container is called, and calls others, beyond the rules; for the overlay only, where names are the agent's. */
export interface Naming {
  readonly names: readonly string[];
  readonly links: readonly LinkAlias[];
  /** DNS servers of its own, for names that are not the grid's. */
  readonly servers: readonly string[];
}

export interface Presence extends Naming {
  readonly address: string;
  /** The port that a load balancer passes requests on to. */
  readonly port: number | null;
}

/** How a command inside of a container ended. */
export interface ExecResult {
  /** `null`: it had not ended when its time was up. It cannot be killed, and goes on until the container stops. */
  readonly exitCode: number | null;
  /** Its last 20 lines, newest last. */
  readonly log: readonly string[];
}

/** An instance as an engine is asked for it: its files are binds, and whose volumes it takes are containers. */
export interface PlacedInstance extends AssignedInstance {
  /** Ids, in the order of `spec.volumesFrom`. Absent where there is none. */
  readonly lenders?: readonly string[];
  /** Of jobs: which run the container is for. */
  readonly run?: RunMark;
}

/**
 * The containers of one scope on one engine. Every method ends in bounded time and throws `GridError`:
 * `engine-unreachable` when the engine does not answer, `engine-refused` and the more exact codes when it does not want to.
 */
export interface Containers {
  /** All of them, from one call to the engine. */
  list(scope: Scope): Promise<readonly ListedContainer[]>;
  /** Those of one instance. */
  find(scope: Scope, id: InstanceId): Promise<readonly ContainerFacts[]>;
  /** Returns the id. Throws `image-not-found`, `name-taken`, or `not-found` for a missing external volume. */
  create(scope: Scope, instance: PlacedInstance, name: string): Promise<string>;
  /** Like `create`, but for a container that runs one pre-start hook before the start of `run.container`. */
  createHook(scope: Scope, instance: PlacedInstance, of: HookCreation): Promise<string>;
  /**
   * Makes everything ready to run a hook's command inside of a container. Returns the id of that. Throws `not-found`, or
   * `engine-refused` when the container does not run.
   */
  createExec(id: string, hook: Hook): Promise<string>;
  /**
   * Runs the command, for `limit` milliseconds at most. One that was started before, by whomever, is only waited for, and its
   * log is lost. Throws `not-found` when the engine does not know it (any more), `engine-refused`, or the signal's reason.
   */
  exec(exec: string, limit: number, signal: AbortSignal): Promise<ExecResult>;
  /** A running one stays as it is. Throws `port-taken`, or `not-found`. */
  start(id: string): Promise<void>;
  /** `grace`: seconds until it is killed. One that is stopped or gone is fine. */
  stop(id: string, grace: number, signal: AbortSignal): Promise<void>;
  /** Kills it first if need be. One that is gone is fine. */
  remove(id: string): Promise<void>;
  /** Throws `name-taken`, or `not-found`. */
  rename(id: string, name: string): Promise<void>;
  /** One that runs is fine. Throws `not-found`. */
  unpause(id: string): Promise<void>;
  /** Sets back what deviates, while it runs. Throws `not-found`, or `engine-refused` where that cannot be done. */
  mend(scope: Scope, id: string, of: Mending): Promise<void>;
  /** Its last 20 lines, newest last. */
  logs(id: string): Promise<readonly string[]>;
  /**
   * Calls `changed` whenever one starts, exits, is removed, paused, renamed or changed, is connected or disconnected, or the
   * engine finds its health changed; and before one is killed by request. Returns once it listens; `ended` tells when it no
   * longer does.
   */
  watch(
    scope: Scope,
    changed: (event: EngineEvent) => void,
    signal: AbortSignal,
  ): Promise<{ readonly ended: Promise<void> }>;
}

export interface EngineEvent {
  /** The engine's word: `die`, `kill`, `disconnect`, … */
  readonly action: string;
  readonly container: string;
  /** `null`: the engine tells of the container only, which may be nobody's. */
  readonly id: InstanceId | null;
}

export interface Mending {
  readonly instance: AssignedInstance;
  readonly deviations: readonly Deviation[];
}

export interface HookCreation {
  readonly name: string;
  readonly hook: Hook;
  readonly run: HookRun;
}

export interface PullOptions {
  /** `os/architecture[/variant]`; the engine's own where nothing is said. */
  readonly platform?: string | undefined;
  /** Percent of what is known to be transferred; called a few times a second at most. */
  readonly onProgress: (percent: number) => void;
  readonly signal: AbortSignal;
  /** Asked when the registry is. Absent: it is asked as anybody could ask it. */
  readonly signIn?: () => SignIn;
}

/** By whom a registry is asked. */
export interface SignIn {
  /** The registry's. */
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

/** The engine as a whole. Throws as `Containers` does. */
export interface Engine {
  facts(): Promise<EngineFacts>;
  /** What is on the host beside the scope's own containers. */
  host(scope: Scope): Promise<HostReport>;
  /** Resolves when it can say something of its containers; rejects within seconds when it cannot. */
  ping(): Promise<void>;
  /** Where it keeps images and containers; `null`: that is not on this host, as far as can be seen. */
  disk(): Promise<DiskSpace | null>;
  /**
   * Fetches an image unless the engine has it, `:latest` included. Returns the id of one that it did not have. Throws
   * `image-not-found`, `image-pull-failed`, `registry-refused`, `disk-full`.
   */
  pull(image: string, options: PullOptions): Promise<string | null>;
}

export interface EngineFacts {
  readonly version: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly operatingSystem: string;
  readonly architecture: string;
  readonly volumeDrivers: readonly string[];
}
