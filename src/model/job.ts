/** What makes a service a job: its container runs to its end and is not started again. */
export type Job = ScheduledJob | OnDeployJob;

interface JobRules {
  /** Seconds that a run may take; `null`: as long as it likes. */
  readonly timeout: number | null;
  /** How often a run that failed is repeated. */
  readonly retries: number;
  /** How many runs are remembered. */
  readonly history: number;
}

/** Runs at the times of a calendar. Which ones, the node knows that has the job: it needs no master for that. */
export interface ScheduledJob extends JobRules {
  readonly kind: 'schedule';
  /** Five fields, as cron has them. */
  readonly schedule: string;
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
  /** Seconds after its due time in which a run that was missed is still made up for. */
  readonly startWithin: number;
}

/** Has to succeed once with each spec, before the services that depend on it get theirs. */
export interface OnDeployJob extends JobRules {
  readonly kind: 'on-deploy';
}

/** A job as a node is given it. */
export interface AssignedJob {
  readonly rules: Job;
  /** Milliseconds since the epoch: due times up to here are no business of this node. */
  readonly from: number;
  /** Names the last run that was asked for by a person; absent: none was. The node runs each once. */
  readonly request?: string;
  /** Names the last time that everything was to be tried again: failures from before it do not count. Only for jobs of deploys. */
  readonly retry?: string;
}

/** `stopped`: for something newer. `lost`: its container is gone, and nobody knows how it ended. `missed`: it was never started. */
export type RunOutcome = 'succeeded' | 'failed' | 'stopped' | 'lost' | 'missed';

/** Why a run was told to end. */
export type StopCause = 'time' | 'newer';

/** One attempt at one run, when it is over. */
export interface JobRun {
  /** What it was for: `schedule/<due time in milliseconds>`, `deploy/<spec hash>` or `request/<name>`. */
  readonly id: string;
  /** From 1. */
  readonly attempt: number;
  readonly specHash: string;
  /** The commit whose spec it ran. */
  readonly revision: string;
  /** Milliseconds since the epoch; `null`: it was never started. */
  readonly startedAt: number | null;
  readonly finishedAt: number;
  readonly exitCode: number | null;
  readonly outcome: RunOutcome;
  /** For people; empty when there is nothing to say. */
  readonly message: string;
  /** The last lines of its container, newest last, at most 20. */
  readonly log: readonly string[];
}

/** A run that is under way. */
export interface RunInProgress {
  readonly id: string;
  readonly attempt: number;
  readonly startedAt: number | null;
}

/** What a node shows of a job that it has. */
export interface ObservedJob {
  /** The spec that it goes by. */
  readonly specHash: string;
  /** A run with that spec has succeeded, here or elsewhere. */
  readonly succeeded: boolean;
  readonly running: RunInProgress | null;
  /** Milliseconds since the epoch of the next due time; `null`: none is known. */
  readonly nextAt: number | null;
  /** Oldest first; only the last one with its log. */
  readonly runs: readonly JobRun[];
}

export const jobBounds = { retries: 100, history: 100, logLine: 500, message: 1_000 } as const;

/** What is remembered of a job that has succeeded with a spec, beside the oneshot hooks of its instance. */
export function jobKey(specHash: string): string {
  return `job/${specHash}`;
}

export function dueId(at: number): string {
  return `schedule/${at}`;
}

/** Milliseconds since the epoch; `null`: a run that no calendar wanted. */
export function dueTimeOf(id: string): number | null {
  const [, at] = /^schedule\/(\d{1,16})$/.exec(id) ?? [];
  return at === undefined ? null : Number(at);
}

export function deployId(specHash: string): string {
  return `deploy/${specHash}`;
}

export function requestId(request: string): string {
  return `request/${request}`;
}

/** One attempt at one run, as a container's label says it: `schedule/1795662000000#1`. */
export interface RunMark {
  readonly id: string;
  readonly attempt: number;
}

export function printRunMark({ id, attempt }: RunMark): string {
  return `${id}#${attempt}`;
}

/** `null`: that is no mark of ours. */
export function parseRunMark(text: string | undefined): RunMark | null {
  const [, id, attempt] = /^([^#]+)#([1-9]\d{0,5})$/.exec(text ?? '') ?? [];
  return id === undefined ? null : { id, attempt: Number(attempt) };
}

export function isSameRun(a: RunMark, b: RunMark): boolean {
  return a.id === b.id && a.attempt === b.attempt;
}

/** Whether nothing else is wanted. That it is to be tried again comes with all that is tried again, and is not compared. */
export function isSameJob(a: AssignedJob | undefined, b: AssignedJob | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.request === b.request && a.from === b.from && isSameRules(a.rules, b.rules);
}

export function isSameRules(a: Job, b: Job): boolean {
  const isAlike = a.timeout === b.timeout && a.retries === b.retries && a.history === b.history;
  if (a.kind === 'on-deploy' || b.kind === 'on-deploy') return isAlike && a.kind === b.kind;
  return isAlike && isSameSchedule(a, b) && a.startWithin === b.startWithin;
}

export function isSameSchedule(a: ScheduledJob, b: ScheduledJob): boolean {
  return a.schedule === b.schedule && a.timeZone === b.timeZone;
}
