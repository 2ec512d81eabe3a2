import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerSnapshot, ContainerStep } from '../model/container.ts';
import { compareText, containerName } from '../model/identity.ts';
import {
  type AssignedJob,
  dueTimeOf,
  isSameRun,
  type RunMark,
  type StopCause,
} from '../model/job.ts';
import { type AttemptHistory, attemptDelay } from './attempt-history.ts';
import type { ContainerDecision } from './container-decision.ts';
import { leavesDrift } from './drift.ts';
import { type Due, dueRun, type JobHistory } from './job-due.ts';

export interface JobSituation {
  readonly wanted: AssignedInstance;
  readonly job: AssignedJob;
  readonly past: JobHistory;
  /** All of them are of runs. */
  readonly containers: readonly ContainerSnapshot[];
  /** Keys of what has succeeded once and for all. */
  readonly done: readonly string[];
  readonly history: AttemptHistory;
  readonly lacking: string | null;
  readonly now: number;
}

/** An engine may get stuck in a removal. */
const REMOVAL_POLL = 5_000;
/** Somebody may set the host's clock, or let the host sleep: no timer notices that. */
const CLOCK_CHECK = 60_000;

/**
 * The next steps of a job. Pure and level-triggered, like those of a service, and right from any situation:
 *
 * - Each run has a container of its own, which says by label which run it is. It is never started again once it has exited.
 * - That a run has begun is written down before its container is started, and how it ended before that is removed. So a run
 *   is never begun twice, and one whose container somebody removed has failed: half of it may be done.
 * - One at a time. What falls due meanwhile is due when the run has ended, and then once.
 * - A run that somebody has paused goes on, unless the service's drift is left: its time runs all the while.
 * - A run is stopped when its time is up. That of a deploy also when a newer spec is wanted: it must not run beside it.
 */
export function nextJobSteps(situation: JobSituation): ContainerDecision {
  const present = situation.containers
    .filter((one) => one.phase !== 'removing')
    .toSorted((a, b) => compareText(a.id, b.id));
  const exited = present.find((one) => one.phase === 'exited');
  if (exited !== undefined) return steps(end(exited, 'it has exited'));
  const running = present.find((one) => one.phase === 'running' || one.phase === 'paused');
  if (running !== undefined) return attend(running, situation);
  const lost = lostRun(situation);
  return lost ?? begin(present, situation);
}

function attend(running: ContainerSnapshot, situation: JobSituation): ContainerDecision {
  const { wanted, job, history, now } = situation;
  const { timeout, kind } = job.rules;
  if (kind === 'on-deploy' && running.specHash !== wanted.specHash)
    return steps(stopRun(running, 'newer', 'a newer spec is wanted'));
  // A clock that was ahead and has been put right must not give it more time than others.
  const until = timeout === null ? null : Math.min(running.startedAt ?? now, now) + timeout * 1_000;
  if (until !== null && now >= until) return steps(stopRun(running, 'time', 'its time is up'));
  if (running.phase === 'running') return wait(until, 'it is running');
  if (leavesDrift(wanted, history)) return wait(until, 'it was paused, and is left so');
  return steps([resume(running, 'it was paused')]);
}

/** It was begun, and its container is not there any more. */
function lostRun({ past, containers, now }: JobSituation): ContainerDecision | null {
  const { begun } = past;
  if (begun === null) return null;
  const left = containers.find((one) => one.id === begun.container);
  if (left?.phase === 'removing')
    return wait(now + REMOVAL_POLL, 'waiting for the engine to remove it');
  if (left !== undefined) return null;
  const run = { id: begun.id, attempt: begun.attempt };
  return steps([{ kind: 'end-run', container: null, run, reason: 'its container is gone' }]);
}

function begin(created: readonly ContainerSnapshot[], situation: JobSituation): ContainerDecision {
  const { wanted, job, past, done, now, history } = situation;
  const due =
    resumedRun(created, situation) ?? dueRun({ specHash: wanted.specHash, job, past, done, now });
  const ready = created.find((one) => isFor(one, wanted, due) && !history.givenUp.includes(one.id));
  const useless = created.filter((one) => one !== ready);
  if (useless.length > 0) return steps(useless.flatMap((one) => end(one, 'it is not needed')));
  if (due.kind === 'none') return { kind: 'settled', until: soon(due.until, now) };
  const { run } = due;
  if (due.kind === 'missed')
    return steps([{ kind: 'miss-run', container: null, run, reason: 'it is too late for it' }]);
  if (now < due.at) return wait(due.at, 'waiting for the next attempt');
  if (ready !== undefined)
    return steps([{ kind: 'start-run', container: ready.id, run, reason: 'it is due' }]);
  return make(run, situation);
}

/** Written down as begun, and then its agent ended before the container was started. */
function resumedRun(
  created: readonly ContainerSnapshot[],
  { wanted, job, past, history, now }: JobSituation,
): Due | null {
  const { begun } = past;
  const left = created.find((one) => one.id === begun?.container);
  if (begun === null || left?.specHash !== wanted.specHash) return null;
  if (history.givenUp.includes(left.id) || isLate(begun.id, job, now)) return null;
  return { kind: 'run', run: { id: begun.id, attempt: begun.attempt }, at: now };
}

function isLate(id: string, { rules }: AssignedJob, now: number): boolean {
  const due = dueTimeOf(id);
  return due !== null && rules.kind === 'schedule' && now - due > rules.startWithin * 1_000;
}

function make(
  run: RunMark,
  { wanted, containers, history, lacking, now }: JobSituation,
): ContainerDecision {
  const retryAt =
    history.failures === 0 || history.failedAt === null
      ? 0
      : Math.min(history.failedAt, now) + attemptDelay(history.failures);
  if (now < retryAt) return wait(retryAt, 'waiting for the next attempt');
  if (lacking !== null) return wait(null, `waiting for the volumes of ${lacking}`);
  if (containers.length > 0)
    return wait(now + REMOVAL_POLL, 'waiting for the engine to remove another');
  const reason = 'a run is due';
  return steps([
    { kind: 'pull-image', image: wanted.spec.image, reason },
    { kind: 'create-container', name: containerName(wanted), run, reason },
  ]);
}

function soon(until: number | null, now: number): number | null {
  return until === null ? null : Math.min(until, now + CLOCK_CHECK);
}

function isFor(one: ContainerSnapshot, wanted: AssignedInstance, due: Due): boolean {
  if (due.kind !== 'run' || one.run === null) return false;
  return one.specHash === wanted.specHash && isSameRun(one.run, due.run);
}

function stopRun(
  one: ContainerSnapshot,
  cause: StopCause,
  reason: string,
): readonly ContainerStep[] {
  const { id: container, run, stopGracePeriod: grace } = one;
  if (run === null) return [];
  // A paused one cannot end what it is at.
  const wake = one.phase === 'paused' ? [resume(one, reason)] : [];
  return [...wake, { kind: 'stop-run', container, run, grace, cause, reason }];
}

function resume({ id }: ContainerSnapshot, reason: string): ContainerStep {
  return { kind: 'unpause-container', container: id, reason };
}

function end(one: ContainerSnapshot, reason: string): readonly ContainerStep[] {
  const { id: container, run } = one;
  return run === null ? [] : [{ kind: 'end-run', container, run, reason }];
}

function wait(until: number | null, reason: string): ContainerDecision {
  return { kind: 'wait', until, reason };
}

function steps(list: readonly ContainerStep[]): ContainerDecision {
  return { kind: 'steps', steps: list };
}
