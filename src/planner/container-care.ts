import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerSnapshot, ContainerStep } from '../model/container.ts';
import { lastRestart, restartsInARow } from './attempt-history.ts';
import {
  type ContainerDecision,
  type ContainerSituation,
  isAlive,
  left,
  past,
  resume,
  steps,
  stop,
  wait,
} from './container-decision.ts';
import { assignRoles, canServe, compareUse, isIll } from './container-roles.ts';
import { isCutOff, isLeftDown, outdated, revivalAt } from './drift.ts';
import { type HookHistory, isLeaving, postStartStep } from './hook-steps.ts';

const RESTART_CAP = 30_000;

/**
 * What serves beside these steps and has come to a halt, while they are done: fetching an image and stopping a container may
 * take very long. It is only started again; whatever else is to be done waits for the next decision.
 */
export function careMeanwhile(
  found: ContainerSituation,
  underWay: readonly ContainerStep[],
): ContainerDecision {
  const situation = outdated(found);
  const { wanted, history, containers } = situation;
  if (wanted === null || wanted === 'kept' || wanted.job !== undefined) return left;
  const { candidate, old } = assignRoles(wanted, containers, history);
  const isOwnServing = candidate?.served === true && !isLeftDown(wanted, candidate, history);
  const isOldServing = candidate === null ? old?.served === true : isKeptBeside(old, wanted);
  const serving = [isOwnServing ? candidate : null, isOldServing ? old : null];
  const mayStart = (one: ContainerSnapshot): boolean =>
    !underWay.some((step) => 'container' in step && step.container === one.id) &&
    (wanted.mode === 'start-first' || !containers.some((other) => other !== one && isAlive(other)));
  const cares = serving.flatMap((one) =>
    one !== null && mayStart(one) ? (revive(one, situation) ?? []) : [],
  );
  return cares.find(({ kind }) => kind === 'steps') ?? cares[0] ?? left;
}

/** `null`: it runs. */
function revive(
  container: ContainerSnapshot,
  situation: ContainerSituation,
): ContainerDecision | null {
  if (container.phase !== 'running') return tend(container, situation, null);
  const hook = postStartStep(container, situation.hooks);
  return hook === null ? null : steps([hook]);
}

/** Nothing is made and nothing removed; what served is kept serving. */
export function keep(situation: ContainerSituation): ContainerDecision {
  const [best] = situation.containers
    .filter((one) => one.served && canServe(one))
    .toSorted(compareUse);
  const care = best === undefined ? null : tend(best, situation, null);
  return care ?? { kind: 'settled', until: null };
}

/** Found exited beside a candidate, the old one was most likely stopped for it: starting it again must wait for proof. */
export function isKeptBeside(
  old: ContainerSnapshot | null,
  { mode }: AssignedInstance,
): old is ContainerSnapshot {
  return old?.served === true && old.watched && mode === 'start-first';
}

/** Keeps a container that has served serving. `null`: it does. `meanwhile` is the wait that its own delay may shorten. */
export function tend(
  container: ContainerSnapshot,
  { history, hooks, now }: ContainerSituation,
  meanwhile: { readonly until: number | null } | null,
): ContainerDecision | null {
  const hook = postStartStep(container, hooks);
  if (hook !== null) return steps([hook]);
  if (container.phase === 'running') return cure(container, hooks);
  const revival = revivalAt(container, history, now);
  if (container.phase === 'paused') return unpause(container, { at: revival, now }, meanwhile);
  const delay = Math.min(RESTART_CAP, restartsInARow(container, history) ** 2 * 1_000);
  const last = Math.max(container.finishedAt ?? 0, lastRestart(container, history)?.at ?? 0);
  const at = Math.max(past(last, now) + delay, revival);
  if (now >= at)
    return steps([{ kind: 'start-container', container: container.id, reason: 'it exited' }]);
  return wait(Math.min(at, meanwhile?.until ?? at), 'waiting to restart it');
}

function unpause(
  container: ContainerSnapshot,
  { at, now }: { readonly at: number; readonly now: number },
  meanwhile: { readonly until: number | null } | null,
): ContainerDecision {
  if (now >= at) return steps([resume(container, 'it was paused')]);
  return wait(Math.min(at, meanwhile?.until ?? at), 'waiting to unpause it');
}

function cure(container: ContainerSnapshot, hooks: HookHistory): ContainerDecision | null {
  const reason = illness(container);
  return reason === null ? null : steps(stop(container, container.stopGracePeriod, reason, hooks));
}

function illness(container: ContainerSnapshot): string | null {
  if (isCutOff(container)) return null;
  if (container.readiness === 'expired') return 'it did not become ready again';
  if (isIll(container)) return 'it is unhealthy';
  return isLeaving(container) ? 'it was told that it is stopped' : null;
}
