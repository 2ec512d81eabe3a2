import type { Deviation } from './drift.ts';
import type { ErrorCode } from './error.ts';
import type { Hook, HookSituation } from './hook.ts';
import type { RunMark, StopCause } from './job.ts';
import type { Health } from './observed.ts';

/** How far Docker is with a container. A dead one counts as exited. Only a person pauses one. */
export type ContainerPhase = 'created' | 'running' | 'paused' | 'exited' | 'removing';

/** `pending` until everything that readiness asks for was seen; `expired` when that took too long. */
export type Readiness = 'pending' | 'ready' | 'expired';

/** One container of ours as its agent knows it: what Docker says, and what the agent found out by asking it. */
export interface ContainerSnapshot extends HookSituation {
  readonly id: string;
  readonly name: string;
  readonly specHash: string;
  readonly revision: string;
  readonly phase: ContainerPhase;
  /** Milliseconds since the epoch; `null` before the first start. */
  readonly startedAt: number | null;
  /** Milliseconds since the epoch of the last exit; `null` before the first. */
  readonly finishedAt: number | null;
  readonly exitCode: number | null;
  /** Seconds between the stop signal and the kill. */
  readonly stopGracePeriod: number;
  readonly readiness: Readiness;
  /** It was ready once, as far as anyone knows: when it exits it crashed, and is not a failed attempt. */
  readonly served: boolean;
  /** This agent has seen it running: one that was found exited may have been stopped for its successor, before a restart. */
  readonly watched: boolean;
  readonly health: Health;
  /** Health checks that failed in a row. */
  readonly failedChecks: number;
  /** So many of them are an illness. Absent: as many as where nobody says it. */
  readonly patience?: number;
  /** Absent: none. What somebody else has changed about it. */
  readonly deviations?: readonly Deviation[];
  /** Which run of a job it is; `null`: it is a service's. */
  readonly run: RunMark | null;
}

/** A throw-away container for a pre-start hook: never an instance's container. */
export interface HookContainer {
  readonly id: string;
  readonly phase: ContainerPhase;
  /** Milliseconds since the epoch; `null` before the start. */
  readonly startedAt: number | null;
  /** Key of the hook. */
  readonly hook: string;
  /** The container that is started after it. */
  readonly container: string;
  /** Seconds. */
  readonly stopGracePeriod: number;
}

/** The arguments of each kind of step. To add a kind, add a line here; what is missing then no longer compiles. */
interface ContainerStepArguments {
  /** Fetch the image unless the engine has it. */
  'pull-image': { readonly image: string };
  /** `run`: for that run of a job. */
  'create-container': { readonly name: string; readonly run?: RunMark };
  'start-container': { readonly container: string };
  /** Have nobody find it any more: what it is at it may finish, and nothing new comes. */
  'drain-container': { readonly container: string };
  /** `grace`: seconds between the stop signal and the kill. */
  'stop-container': { readonly container: string; readonly grace: number };
  /** Anonymous volumes of a stateless service go with it; named ones never do. */
  'remove-container': { readonly container: string };
  'rename-container': { readonly container: string; readonly name: string };
  /** Make and start a container of its own for a pre-start hook; `container` is started after it. */
  'run-hook': { readonly container: string; readonly hook: Hook };
  /** Keep how that ended, as the attempt's failure unless it succeeded, and throw its container away. */
  'end-hook': { readonly container: string; readonly hook: Hook };
  /** Throw away a pre-start hook's own `container` that nobody waits for; that a oneshot hook has succeeded is kept. */
  'clear-hook': { readonly container: string };
  /** Run a post-start or pre-stop hook inside of a running container. How it ends changes nothing about the steps. */
  'exec-hook': { readonly container: string; readonly hook: Hook };
  /** Keep its exit code and last log lines as the attempt's failure; it is removed after that. */
  'give-up-container': { readonly container: string; readonly code: ErrorCode };
  'unpause-container': { readonly container: string };
  /** Set back, while it runs, what somebody else has changed about it. */
  'mend-container': { readonly container: string; readonly deviations: readonly Deviation[] };
  /** Write down that the run has begun, then start its container. */
  'start-run': { readonly container: string; readonly run: RunMark };
  /** Write down why, then stop its container: however it exits, it did not end by itself. */
  'stop-run': {
    readonly container: string;
    readonly run: RunMark;
    readonly grace: number;
    readonly cause: StopCause;
  };
  /** Keep its exit code and last log lines, then remove its container; `null`: that is gone, and nobody knows how it ended. */
  'end-run': { readonly container: string | null; readonly run: RunMark };
  /** Keep that it was never started. */
  'miss-run': { readonly container: null; readonly run: RunMark };
}

export type ContainerStepKind = keyof ContainerStepArguments;

/** One idempotent change of one container on this node's engine, as data. */
export type ContainerStepOf<K extends ContainerStepKind> = {
  readonly kind: K;
  readonly reason: string;
} & ContainerStepArguments[K];

export type ContainerStep = { [K in ContainerStepKind]: ContainerStepOf<K> }[ContainerStepKind];
