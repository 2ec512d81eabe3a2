import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerPhase } from '../model/container.ts';
import type { LinkAlias } from '../model/extras.ts';
import type { Hook } from '../model/hook.ts';
import type { InstanceId } from '../model/identity.ts';
import type { RunMark } from '../model/job.ts';
import type { HealthCheck } from '../model/spec.ts';

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
  /** Its last 20 lines, newest last. */
  logs(id: string): Promise<readonly string[]>;
  /** Calls `changed` whenever one exits or is removed, or the engine finds its health changed. Returns once it listens; `ended` tells when it no longer does. */
  watch(
    scope: Scope,
    changed: (id: InstanceId) => void,
    signal: AbortSignal,
  ): Promise<{ readonly ended: Promise<void> }>;
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
}

/** The engine as a whole. Throws as `Containers` does. */
export interface Engine {
  facts(): Promise<EngineFacts>;
  /** Fetches an image unless the engine has it, `:latest` included. Throws `image-not-found`, `image-pull-failed`. */
  pull(image: string, options: PullOptions): Promise<void>;
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
