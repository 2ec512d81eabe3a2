import {
  type AssignedJob,
  deployId,
  dueId,
  type Job,
  type JobRun,
  jobKey,
  type RunMark,
  requestId,
  type ScheduledJob,
} from '../model/job.ts';
import { attemptDelay } from './attempt-history.ts';

/** What a node knows of a job that it has. All but the times is on its disk. */
export interface JobHistory {
  /** Oldest first. */
  readonly runs: readonly JobRun[];
  /** One that was begun and has not been seen to end. */
  readonly begun: (RunMark & { readonly container: string }) | null;
  /** Milliseconds since the epoch: due times up to here have been dealt with; `null`: none has. */
  readonly dealtUntil: number | null;
  /** The last request that was dealt with. */
  readonly request: string | null;
  /** What `retry` was when the last run began. */
  readonly retry: string | null;
  /** The calendar's last time that has come and its next one; `null` where there is none. */
  readonly times: { readonly last: number | null; readonly next: number | null };
}

export type Due =
  /** To be started, not before `at`. */
  | { readonly kind: 'run'; readonly run: RunMark; readonly at: number }
  /** It was due, and it is too late to make up for it. */
  | { readonly kind: 'missed'; readonly run: RunMark }
  /** Nothing, until a moment; `null`: until somebody wants something. */
  | { readonly kind: 'none'; readonly until: number | null };

export interface DueInput {
  readonly specHash: string;
  readonly job: AssignedJob;
  readonly past: JobHistory;
  /** Keys of what has succeeded once and for all, on whatever node. */
  readonly done: readonly string[];
  readonly now: number;
}

/** What a clock may have been ahead by and still be believed about what it has dealt with. */
const DAY = 86_400_000;

/**
 * The run that a job needs next, if none is under way: what a person has asked for, then another attempt at what failed, then
 * what the deploy or the calendar wants. Of several times that have come only the last counts.
 */
export function dueRun(input: DueInput): Due {
  const { job, past, now, specHash } = input;
  if (job.request !== undefined && job.request !== past.request)
    return { kind: 'run', run: { id: requestId(job.request), attempt: 1 }, at: now };
  const last = past.runs.at(-1);
  const counts = last?.specHash === specHash && !isToBeTriedAgain(job, past);
  if (counts && isRepeated(last, job.rules)) {
    const { id, attempt, finishedAt } = last;
    const at = Math.min(finishedAt, now) + attemptDelay(attempt);
    return { kind: 'run', run: { id, attempt: attempt + 1 }, at };
  }
  return job.rules.kind === 'on-deploy' ? dueByDeploy(input) : dueByCalendar(input, job.rules);
}

/** The run with which a job failed that has to succeed; `null`: it has not run yet, is at it, or has succeeded. */
export function finalFailure({ specHash, job, past, done }: Omit<DueInput, 'now'>): JobRun | null {
  if (job.rules.kind !== 'on-deploy' || done.includes(jobKey(specHash))) return null;
  const isAsked = job.request !== undefined && job.request !== past.request;
  if (past.begun !== null || isAsked || isToBeTriedAgain(job, past)) return null;
  const last = past.runs.findLast((run) => run.specHash === specHash);
  return last === undefined || !hasFailed(last) || isRepeated(last, job.rules) ? null : last;
}

export function hasFailed({ outcome }: JobRun): boolean {
  return outcome === 'failed' || outcome === 'lost';
}

function isToBeTriedAgain({ retry }: AssignedJob, past: JobHistory): boolean {
  return retry !== undefined && retry !== past.retry;
}

function isRepeated(run: JobRun, { retries }: Job): boolean {
  return hasFailed(run) && run.attempt <= retries;
}

/** Once with each spec. After a failure a person must ask for it: half of it may be done. */
function dueByDeploy({ specHash, job, past, done, now }: DueInput): Due {
  const last = past.runs.findLast((run) => run.specHash === specHash);
  const failed = last !== undefined && hasFailed(last) && !isToBeTriedAgain(job, past);
  if (done.includes(jobKey(specHash)) || failed) return { kind: 'none', until: null };
  return { kind: 'run', run: { id: deployId(specHash), attempt: 1 }, at: now };
}

function dueByCalendar({ job, past, now }: DueInput, { startWithin }: ScheduledJob): Due {
  const { last, next } = past.times;
  const dealtUntil = isBelieved(past.dealtUntil, now) ? past.dealtUntil : 0;
  if (last === null || last <= Math.max(job.from, dealtUntil)) return { kind: 'none', until: next };
  const run = { id: dueId(last), attempt: 1 };
  if (past.runs.some(({ id }) => id === run.id)) return { kind: 'none', until: next };
  return now - last > startWithin * 1_000
    ? { kind: 'missed', run }
    : { kind: 'run', run, at: last };
}

/** Up to when due times have been dealt with, once this one has; `null`: it is no run of a calendar's. */
export function dealtWith(before: number | null, due: number | null): number | null {
  if (due === null || !isBelieved(before, due)) return due ?? before;
  return Math.max(before, due);
}

/** Put right by more than a day, a clock was wrong about what it has dealt with, and must not make anything wait for years. */
function isBelieved(dealtUntil: number | null, now: number): dealtUntil is number {
  return dealtUntil !== null && dealtUntil - now <= DAY;
}
