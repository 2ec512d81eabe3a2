import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerSnapshot } from '../model/container.ts';
import { instancePath } from '../model/identity.ts';
import { type JobRun, jobKey, type ObservedJob, type RunInProgress } from '../model/job.ts';
import type { Attempt, Failure, ObservedInstance } from '../model/observed.ts';
import { finalFailure } from '../planner/job-due.ts';
import type { Activity } from './attempt.ts';
import { jobHistory } from './job-history.ts';
import type { Surroundings } from './surroundings.ts';

export interface JobReportInput {
  readonly wanted: AssignedInstance | null;
  readonly activity: Activity | null;
  /** Why no run could be started. */
  readonly failure: Failure | null;
}

/**
 * What the master is told of a job. That it runs, or has to be tried again, is its attempt only when a deploy waits for it: a
 * scheduled one is as it should be, whatever becomes of its runs. `null`: it is no job.
 */
export function reportedJob(
  { wanted, activity, failure }: JobReportInput,
  containers: readonly ContainerSnapshot[],
  around: Pick<Surroundings, 'jobs' | 'hooks' | 'clock'>,
): Pick<ObservedInstance, 'job' | 'attempt' | 'doneHooks'> | null {
  const past = jobHistory(wanted, around);
  if (wanted?.job === undefined || past === null) return null;
  const { specHash, job } = wanted;
  const done = around.hooks.done(instancePath(wanted));
  const observed: ObservedJob = {
    specHash,
    succeeded: done.includes(jobKey(specHash)),
    running: inProgress(containers),
    nextAt: past.times.next,
    runs: past.runs,
  };
  const last = finalFailure({ specHash, job, past, done });
  const attempt = job.rules.kind === 'on-deploy' ? attemptOf() : null;
  // Of what it has succeeded with, this is what matters; what is older this node knows by itself.
  const doneHooks = observed.succeeded ? { doneHooks: [jobKey(specHash)] } : {};
  return { job: observed, attempt, ...doneHooks };

  function attemptOf(): Attempt | null {
    if (last !== null) return failed(specHash, failureOf(last), last.message);
    if (observed.succeeded || activity === null) return null;
    if (failure === null) return { specHash, ...activity, failure };
    return failed(specHash, failure, `${failure.message}; ${activity.message}`);
  }
}

function inProgress(containers: readonly ContainerSnapshot[]): RunInProgress | null {
  const running = containers.find(
    (one) => one.run !== null && (one.phase === 'running' || one.phase === 'paused'),
  );
  if (running === undefined || running.run === null) return null;
  return { ...running.run, startedAt: running.startedAt };
}

function failed(specHash: string, failure: Failure, message: string): Attempt {
  return { specHash, phase: 'failed', message, failure };
}

function failureOf({ message, exitCode, log, attempt }: JobRun): Failure {
  return { code: 'job-failed', message, exitCode, log, count: attempt };
}
