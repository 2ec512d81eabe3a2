import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerSnapshot, ContainerStep } from '../model/container.ts';
import type { Difference, Drift } from '../model/drift.ts';
import { containerName } from '../model/identity.ts';
import type { AttemptHistory } from './attempt-history.ts';
import { replaceMode } from './diff.ts';
import { isStalled, repairAt } from './interference.ts';

interface Moment {
  readonly history: AttemptHistory;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The container of the wanted spec, as `assignRoles` finds it. */
type Candidate = ContainerSnapshot | null;

/** Whether what somebody else does to it is only told. */
export function leavesDrift(wanted: AssignedInstance, { mending }: AttemptHistory): boolean {
  return wanted.drift === 'report' && !mending;
}

/** What of an instance is not as it was made, because of somebody else; never what it did by itself. */
export function differencesOf(
  wanted: AssignedInstance,
  candidate: Candidate,
  history: AttemptHistory,
): readonly Difference[] {
  const phase = lostPhase(candidate, history);
  if (candidate === null) return phase === null ? [] : [gone(phase)];
  if (candidate.phase === 'created' || candidate.phase === 'removing') return [];
  const renamed = isRenamed(candidate, wanted);
  const own = containerName(wanted);
  return [
    ...(phase === null ? [] : [gone(phase)]),
    ...(renamed ? [{ what: 'name', wanted: own, found: candidate.name }] : []),
    ...(candidate.deviations ?? []).map(({ what, wanted: wish, found }) => ({
      what,
      wanted: wish,
      found,
    })),
  ];
}

function gone(found: string): Difference {
  return { what: 'container', wanted: 'running', found };
}

/** How somebody else has brought it to a halt; `null`: nobody has. */
function lostPhase(
  candidate: Candidate,
  { interference }: AttemptHistory,
): 'removed' | 'stopped' | 'paused' | null {
  const lost = interference?.lost ?? null;
  if (candidate === null) return lost?.how === 'removed' ? 'removed' : null;
  if (candidate.phase === 'paused') return 'paused';
  const isStopped = lost?.how === 'stopped' && lost.container === candidate.id;
  return candidate.phase === 'exited' && isStopped ? 'stopped' : null;
}

/** It serves nobody, or is not there, because of somebody else, and is left so. */
export function isLeftDown(
  wanted: AssignedInstance,
  candidate: Candidate,
  history: AttemptHistory,
): boolean {
  if (!leavesDrift(wanted, history) || candidate?.served === false) return false;
  const isSevered = candidate?.phase === 'running' && isCutOff(candidate);
  return isSevered || lostPhase(candidate, history) !== null;
}

/** From when on what was taken away or brought to a halt may be put right; 0: at once, or nobody has. */
export function revivalAt(candidate: Candidate, history: AttemptHistory, now: number): number {
  return lostPhase(candidate, history) === null ? 0 : repairAt(history.interference, now);
}

/**
 * The situation in which a container that cannot be set back to what it was made with is of no spec that is wanted. Whether
 * its successor can run beside it depends on what the two share, and not on how the instance came here.
 */
export function outdated<
  S extends Moment & {
    readonly wanted: AssignedInstance | 'kept' | null;
    readonly containers: readonly ContainerSnapshot[];
  },
>(situation: S): S {
  const { wanted, history, now } = situation;
  if (wanted === null || wanted === 'kept' || !mayMend(wanted, history, now)) return situation;
  const isOutdated = (one: ContainerSnapshot): boolean =>
    one.specHash === wanted.specHash && isBeyondMending(one, history);
  if (!situation.containers.some(isOutdated)) return situation;
  const containers = situation.containers.map((one) =>
    isOutdated(one) ? { ...one, specHash: '' } : one,
  );
  return { ...situation, wanted: { ...wanted, mode: replaceMode(wanted) }, containers };
}

/** Sets back what somebody else has changed about it and what can be set back while it runs; `null`: nothing, or not yet. */
export function mendStep(
  wanted: AssignedInstance,
  { id, phase, deviations = [] }: ContainerSnapshot,
  { history, now }: Moment,
): ContainerStep | null {
  if (deviations.length === 0 || phase !== 'running' || !mayMend(wanted, history, now)) return null;
  const reason = 'somebody else has changed it';
  return { kind: 'mend-container', container: id, deviations, reason };
}

/** When that is; `null`: there is nothing to set back. */
export function mendingAt(
  wanted: AssignedInstance,
  { deviations = [] }: ContainerSnapshot,
  { history, now }: Moment,
): number | null {
  if (deviations.length === 0 || leavesDrift(wanted, history)) return null;
  return repairAt(history.interference, now);
}

/** Whether what was changed about a container may be put right by now. */
function mayMend(wanted: AssignedInstance, history: AttemptHistory, now: number): boolean {
  return !leavesDrift(wanted, history) && now >= repairAt(history.interference, now);
}

/** What was changed cannot be set back while it runs: another one takes its place. */
export function isBeyondMending(container: ContainerSnapshot, history: AttemptHistory): boolean {
  const { deviations = [], id } = container;
  if (deviations.length === 0) return false;
  return history.mendRefused === id || deviations.some(({ cure }) => cure === 'replace');
}

/** Nobody reaches it: that it does not answer is not its own fault. */
export function isCutOff({ deviations = [] }: ContainerSnapshot): boolean {
  return deviations.some(({ cure }) => cure === 'connect');
}

/** A name that no agent gave it. */
export function isRenamed(container: ContainerSnapshot, wanted: AssignedInstance): boolean {
  const own = containerName(wanted);
  return container.name !== own && !container.name.startsWith(`${own}.${wanted.specHash}`);
}

/** What is told of it. `null`: nothing, or it is being put right. */
export function observedDrift(
  wanted: AssignedInstance,
  candidate: Candidate,
  history: AttemptHistory,
): Drift | null {
  const { interference } = history;
  if (interference === null) return null;
  const { count, since } = interference;
  const differences = differencesOf(wanted, candidate, history);
  if (leavesDrift(wanted, history))
    return differences.length === 0 ? null : { state: 'reported', differences, count, since };
  if (!isStalled(interference)) return null;
  return { state: 'stalled', differences: interference.differences, count, since };
}
