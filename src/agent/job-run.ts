import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerStepOf } from '../model/container.ts';
import { GridError } from '../model/error.ts';
import { instancePath } from '../model/identity.ts';
import {
  dueTimeOf,
  type JobRun,
  jobBounds,
  jobKey,
  type RunMark,
  requestId,
} from '../model/job.ts';
import type { ContainerFacts } from './containers.ts';
import { exitMessage } from './exit-message.ts';
import { lastLines } from './last-lines.ts';
import type { Work } from './work.ts';

/** Written down before it starts: one that is not there any more later is then known to have begun. */
export async function startRun(step: ContainerStepOf<'start-run'>, work: Work): Promise<void> {
  const { instance, jobs, containers, files } = work;
  if (instance === null) return;
  const { container, run } = step;
  const path = instancePath(instance);
  // They may have been lost since it was created.
  await files.place(instance.spec);
  const retry = instance.job?.retry ?? null;
  await jobs.begin(path, { ...run, container, request: requestOf(instance, run), retry });
  try {
    await containers.start(container);
  } catch (error) {
    const isRefusal = error instanceof GridError && error.code !== 'engine-unreachable';
    if (isRefusal) await jobs.cancel(path, container);
    throw error;
  }
}

/** However it exits after this, it did not end by itself: a program may say that all is well when it is stopped half way. */
export async function stopRun(step: ContainerStepOf<'stop-run'>, work: Work): Promise<void> {
  const { container, grace, cause } = step;
  const { instance, jobs, containers, clock, signal } = work;
  if (instance === null) return;
  await jobs.stopping(instancePath(instance), { container, at: clock.now(), cause });
  await containers.stop(container, grace, signal);
}

/**
 * Keeps how a run ended, then removes its container, which is the proof of it until then: an agent that is killed in between
 * finds it again, and nothing is run twice.
 */
export async function endRun(step: ContainerStepOf<'end-run'>, work: Work): Promise<void> {
  const { container, run } = step;
  const { instance, jobs, hooks, containers } = work;
  if (instance === null) return;
  const path = instancePath(instance);
  const facts = work.facts.find((one) => one.id === container) ?? null;
  if (facts?.phase === 'created') await dropRun(run, facts, work);
  else {
    const ended = await endedRun(run, facts, { ...work, instance });
    // First, because it decides whether it is ever run again.
    if (ended.outcome === 'succeeded' && instance.job?.rules.kind === 'on-deploy')
      await hooks.complete(path, jobKey(ended.specHash));
    await jobs.end(path, ended, keptBy(instance));
  }
  if (container !== null) await containers.remove(container);
}

export async function missRun({ run }: ContainerStepOf<'miss-run'>, work: Work): Promise<void> {
  await noteMissed(run, work);
}

/** A container that was never started. What a calendar wanted of it is not wanted again. */
async function dropRun(run: RunMark, { id }: ContainerFacts, work: Work): Promise<void> {
  const { instance, jobs } = work;
  if (instance === null) return;
  const path = instancePath(instance);
  const isDealtWith = jobs.of(path).begun?.container === id && dueTimeOf(run.id) !== null;
  if (isDealtWith) await noteMissed(run, work);
  else await jobs.cancel(path, id);
}

async function noteMissed(run: RunMark, { instance, jobs, clock, memory }: Work): Promise<void> {
  if (instance === null) return;
  const { failure } = memory;
  const why = failure === null ? 'nobody was there to start it' : failure.message;
  const missed: JobRun = {
    ...run,
    specHash: instance.specHash,
    revision: instance.revision,
    startedAt: null,
    finishedAt: clock.now(),
    exitCode: null,
    outcome: 'missed',
    message: `it was not started in time: ${why}`.slice(0, jobBounds.message),
    log: [],
  };
  await jobs.end(instancePath(instance), missed, keptBy(instance));
}

/** `facts`: of its container; `null`: that is gone. */
async function endedRun(
  run: RunMark,
  facts: ContainerFacts | null,
  work: Work & { readonly instance: AssignedInstance },
): Promise<JobRun> {
  const { instance, containers, clock } = work;
  const now = clock.now();
  if (facts === null)
    return {
      ...run,
      specHash: instance.specHash,
      revision: instance.revision,
      startedAt: null,
      finishedAt: now,
      exitCode: null,
      outcome: 'lost',
      message: 'its container was removed before it had ended',
      log: [],
    };
  const { specHash, revision, startedAt, exitCode } = facts;
  const finishedAt = facts.finishedAt ?? now;
  return {
    ...run,
    specHash,
    revision,
    startedAt,
    finishedAt,
    exitCode,
    ...verdict({ ...facts, finishedAt }, work),
    log: await lastLines(containers, facts.id),
  };
}

function verdict(
  facts: ContainerFacts & { readonly finishedAt: number },
  { instance, jobs }: Work & { readonly instance: AssignedInstance },
): Pick<JobRun, 'outcome' | 'message'> {
  const { stopping } = jobs.of(instancePath(instance));
  const isStopped = stopping?.container === facts.id && facts.finishedAt >= stopping.at;
  if (isStopped && stopping.cause === 'newer')
    return { outcome: 'stopped', message: 'it was stopped for a newer spec' };
  if (isStopped) {
    const seconds = Math.round((facts.finishedAt - (facts.startedAt ?? facts.finishedAt)) / 1_000);
    return { outcome: 'failed', message: `it was stopped after ${seconds} s: its time was up` };
  }
  if (facts.exitCode === 0 && !facts.outOfMemory) return { outcome: 'succeeded', message: '' };
  return { outcome: 'failed', message: exitMessage(facts) };
}

function requestOf({ job }: AssignedInstance, run: RunMark): string | null {
  const { request } = job ?? {};
  return request !== undefined && run.id === requestId(request) ? request : null;
}

function keptBy({ job }: AssignedInstance): number {
  return job?.rules.history ?? jobBounds.history;
}
