import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerSnapshot, ContainerStep } from '../model/container.ts';
import { hookKey } from '../model/hook.ts';
import { containerName } from '../model/identity.ts';
import { type AttemptHistory, attemptDelay } from './attempt-history.ts';
import { careMeanwhile, isKeptBeside, keep, tend } from './container-care.ts';
import {
  type ContainerDecision,
  type ContainerSituation,
  isAlive,
  left,
  past,
  steps,
  stop,
  wait,
} from './container-decision.ts';
import { assignRoles, compareUse, serves } from './container-roles.ts';
import {
  isLeftDown,
  isRenamed,
  leavesDrift,
  mendingAt,
  mendStep,
  outdated,
  revivalAt,
} from './drift.ts';
import { postStartStep, preStartHook, preStartStep, strayHookSteps } from './hook-steps.ts';
import { repairAt } from './interference.ts';
import { nextJobSteps } from './job-steps.ts';

/** With `stop-first` every new attempt takes down the old container that serves: not more often than this. */
const INTERRUPTING_ATTEMPT = 60_000;
/** Seconds for a container that never served: nobody depends on it, and its successor is waiting. */
const ABANDON_GRACE = 1;
const RENAME_RETRY = 30_000;
/** The engine tells of a removal's end; but it may also get stuck in one. */
const REMOVAL_POLL = 5_000;

/**
 * The next steps that bring one instance to its assigned spec. Pure and level-triggered: called again after every step
 * and every observation until it says `settled`.
 *
 * - Never more than two containers: the one that serves (old) and the one that is to serve (candidate).
 * - `start-first`: the old one is stopped only after the candidate is ready. `stop-first`: only after the candidate was
 *   created, and it is started again when the candidate fails.
 * - A container that exits before it was ever ready is a failed attempt; one that had served is started again.
 * - A ready container of the wanted spec that holds the instance's name is left alone.
 * - What takes the volumes of another instance is made only when that has a ready container of the spec that is wanted of it.
 * - What somebody else did to a container is undone, later each time that it comes back (interference.ts); or it is left, where
 *   the assignment says so: then nothing is done about it, and everything else as ever.
 * - Pre-start hooks run after the candidate was created and before it is started. With `stop-first` the old one is stopped by
 *   then, as in Kontena: what a hook does to the data that both share must not happen beside it.
 */
export function nextContainerSteps(found: ContainerSituation): ContainerDecision {
  const situation = outdated(found);
  const { wanted, history } = situation;
  const stray = strayHookSteps(situation.hooks, awaitedHook(situation));
  if (stray.length > 0) return steps(stray);
  if (wanted === null) return clear(situation);
  if (wanted === 'kept') return keep(situation);
  const ofJob = jobSteps(wanted, situation);
  if (ofJob !== null) return ofJob;
  const cast = assignRoles(wanted, situation.containers, history);
  if (cast.superfluous.length > 0) {
    // First, because an engine may refuse to tidy up, again and again.
    const care = careMeanwhile(situation, []);
    if (care.kind === 'steps') return care;
    return steps(
      cast.superfluous.flatMap((one) => withdraw(one, wanted, 'it is not needed', situation)),
    );
  }
  if (cast.candidate === null) return attempt(wanted, cast.old, situation);
  return advance(wanted, cast.candidate, cast.old, situation);
}

/** `null`: it is no job, and nothing is left of one. What a service left behind goes before a job's first run, and vice versa. */
function jobSteps(
  wanted: AssignedInstance,
  situation: ContainerSituation,
): ContainerDecision | null {
  const { containers, past: runs, hooks } = situation;
  const { job } = wanted;
  const misfits = containers.filter(
    (one) => one.phase !== 'removing' && (one.run === null) === (job !== undefined),
  );
  const reason = job === undefined ? 'the service is no job any more' : 'the service is a job now';
  if (misfits.length > 0)
    return steps(misfits.flatMap((one) => withdraw(one, wanted, reason, situation)));
  if (job === undefined || runs === undefined) return null;
  return nextJobSteps({ ...situation, wanted, job, past: runs, done: hooks.done });
}

/** The hook whose container may be there: the next one of a candidate that was created. */
function awaitedHook({ wanted, containers, history, hooks }: ContainerSituation) {
  if (wanted === null || wanted === 'kept') return null;
  const { candidate } = assignRoles(wanted, containers, history);
  if (candidate?.phase !== 'created') return null;
  const hook = preStartHook(wanted, candidate, hooks);
  return hook === null ? null : { container: candidate.id, hook: hookKey(hook) };
}

function attempt(
  wanted: AssignedInstance,
  old: ContainerSnapshot | null,
  situation: ContainerSituation,
): ContainerDecision {
  const { containers, history, now } = situation;
  if (old === null && isLeftDown(wanted, null, history)) return left;
  const retryAt = Math.max(nextAttemptAt(wanted, old, history, now), revivalAt(null, history, now));
  const pending =
    now < retryAt ? wait(retryAt, 'waiting for the next attempt') : lenderAwaited(situation);
  if (pending !== null)
    return old?.served === true ? (tend(old, situation, pending) ?? pending) : pending;
  if (containers.length > 1)
    return wait(now + REMOVAL_POLL, 'waiting for the engine to remove another');
  const own = containerName(wanted);
  const name = containers.some((one) => one.name === own) ? `${own}.${wanted.specHash}` : own;
  const reason = old === null ? 'the instance has no container' : 'the assigned spec is new';
  return steps([
    { kind: 'pull-image', image: wanted.spec.image, reason },
    { kind: 'create-container', name, reason },
  ]);
}

function lenderAwaited({ lacking }: ContainerSituation): ReturnType<typeof wait> | null {
  return lacking === null ? null : wait(null, `waiting for the volumes of ${lacking}`);
}

function nextAttemptAt(
  wanted: AssignedInstance,
  old: ContainerSnapshot | null,
  history: AttemptHistory,
  now: number,
): number {
  if (history.failures === 0 || history.failedAt === null) return 0;
  const interrupts = wanted.mode === 'stop-first' && old !== null;
  const delay = attemptDelay(history.failures);
  return past(history.failedAt, now) + (interrupts ? Math.max(INTERRUPTING_ATTEMPT, delay) : delay);
}

/** There is a container of the wanted spec: bring it to `ready`, then clear away the old one. */
function advance(
  wanted: AssignedInstance,
  candidate: ContainerSnapshot,
  old: ContainerSnapshot | null,
  situation: ContainerSituation,
): ContainerDecision {
  if (candidate.phase === 'created') return begin(wanted, candidate, old, situation);
  const over = failure(candidate);
  if (over !== null) return steps([over]);
  if (isLeftDown(wanted, candidate, situation.history))
    return old === null ? left : wait(null, 'it was brought to a halt, and is left so');
  const mending = mendStep(wanted, candidate, situation);
  if (mending !== null) return steps([mending]);
  const hook = postStartStep(candidate, situation.hooks);
  if (hook !== null) return steps([hook]);
  const ready = serves(candidate);
  if (ready && old !== null)
    return steps(withdraw(old, wanted, 'its successor is ready', situation));
  const care = tend(candidate, situation, null);
  if (care !== null) return makeWay(wanted, old, care, situation);
  if (ready) return settle(wanted, candidate, situation);
  const until = mendingAt(wanted, candidate, situation);
  return whileWaiting(wanted, old, wait(until, 'waiting until it is ready'), situation);
}

function begin(
  wanted: AssignedInstance,
  candidate: ContainerSnapshot,
  old: ContainerSnapshot | null,
  situation: ContainerSituation,
): ContainerDecision {
  const reason = 'it was created for the assigned spec';
  const start = { kind: 'start-container', container: candidate.id, reason } as const;
  const hook = preStartHook(wanted, candidate, situation.hooks);
  if (hook === null) return makeWay(wanted, old, steps([start]), situation);
  const step = preStartStep(hook, candidate.id, { ...situation.hooks, now: situation.now });
  if (typeof step === 'number')
    return whileWaiting(wanted, old, wait(step, `waiting for the hook ${hook.name}`), situation);
  const missing = step.kind === 'run-hook' ? lenderAwaited(situation) : null;
  if (missing !== null) return whileWaiting(wanted, old, missing, situation);
  return makeWay(wanted, old, steps([step]), situation);
}

/** What to do for the old one until the candidate has come further. */
function whileWaiting(
  wanted: AssignedInstance,
  old: ContainerSnapshot | null,
  pending: ReturnType<typeof wait>,
  situation: ContainerSituation,
): ContainerDecision {
  return isKeptBeside(old, wanted) ? (tend(old, situation, pending) ?? pending) : pending;
}

/** With `stop-first` nothing starts beside a running container: it may hold the same ports or data. */
function makeWay(
  wanted: AssignedInstance,
  old: ContainerSnapshot | null,
  decision: ContainerDecision,
  { hooks }: ContainerSituation,
): ContainerDecision {
  if (wanted.mode === 'start-first' || old === null || !isAlive(old)) return decision;
  if (decision.kind !== 'steps') return decision;
  const reason = 'its successor cannot start beside it';
  return steps([...stop(old, graceOf(old, wanted), reason, hooks), ...decision.steps]);
}

function failure(candidate: ContainerSnapshot): ContainerStep | null {
  if (candidate.served) return null;
  const step = { kind: 'give-up-container', container: candidate.id } as const;
  if (candidate.phase === 'exited')
    return { ...step, code: 'container-exited', reason: 'it exited before it was ready' };
  if (candidate.readiness === 'expired')
    return { ...step, code: 'not-ready-in-time', reason: 'it was not ready in time' };
  return null;
}

function settle(
  wanted: AssignedInstance,
  candidate: ContainerSnapshot,
  { containers, history, now }: ContainerSituation,
): ContainerDecision {
  const name = containerName(wanted);
  if (candidate.name === name)
    return { kind: 'settled', until: mendingAt(wanted, candidate, { history, now }) };
  const renamed = isRenamed(candidate, wanted);
  if (renamed && leavesDrift(wanted, history)) return left;
  if (containers.some((one) => one.name === name))
    return wait(now + REMOVAL_POLL, 'waiting for its own name');
  const refused =
    history.renameRefusedAt === null ? 0 : past(history.renameRefusedAt, now) + RENAME_RETRY;
  const at = Math.max(refused, renamed ? repairAt(history.interference, now) : 0);
  if (now < at) return { kind: 'settled', until: at };
  return steps([
    {
      kind: 'rename-container',
      container: candidate.id,
      name,
      reason: 'its own name is free',
    },
  ]);
}

function withdraw(
  container: ContainerSnapshot,
  wanted: AssignedInstance | null,
  reason: string,
  { hooks }: ContainerSituation,
): readonly ContainerStep[] {
  if (!isAlive(container)) return [remove(container, reason)];
  const stopping = stop(container, graceOf(container, wanted), reason, hooks);
  return [...stopping, remove(container, reason)];
}

/** What served, or writes to data that outlives it, gets its full time; what was never ready makes way at once. */
function graceOf(container: ContainerSnapshot, wanted: AssignedInstance | null): number {
  if (wanted === null || wanted.stateful || container.served) return container.stopGracePeriod;
  return Math.min(container.stopGracePeriod, ABANDON_GRACE);
}

function clear(situation: ContainerSituation): ContainerDecision {
  const { containers, now } = situation;
  if (containers.length === 0) return { kind: 'settled', until: null };
  const reason = 'the instance is not assigned to this node';
  const present = containers.filter((one) => one.phase !== 'removing').toSorted(compareUse);
  if (present.length === 0) return wait(now + REMOVAL_POLL, 'waiting for the engine to remove it');
  return steps(present.flatMap((one) => withdraw(one, null, reason, situation)));
}

function remove(container: ContainerSnapshot, reason: string): ContainerStep {
  return { kind: 'remove-container', container: container.id, reason };
}
