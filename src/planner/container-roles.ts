import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerSnapshot } from '../model/container.ts';
import { compareText } from '../model/identity.ts';
import type { AttemptHistory } from './attempt-history.ts';
import { isLeaving } from './hook-steps.ts';

/** One failed check is a hiccup; three in a row are an illness that a restart may cure. */
export const UNHEALTHY_CHECKS = 3;

/** What the containers of one instance are to its assignment. */
export interface Cast {
  readonly candidate: ContainerSnapshot | null;
  readonly old: ContainerSnapshot | null;
  readonly superfluous: readonly ContainerSnapshot[];
}

export function assignRoles(
  wanted: AssignedInstance,
  containers: readonly ContainerSnapshot[],
  history: AttemptHistory,
): Cast {
  const present = containers.filter((one) => one.phase !== 'removing').toSorted(compareUse);
  const usable = present.filter((one) => !history.givenUp.includes(one.id));
  const candidate = usable.find((one) => one.specHash === wanted.specHash) ?? null;
  const others = usable.filter((one) => one.specHash !== wanted.specHash && canServe(one));
  // With stop-first, what had served was stopped for what has not yet: it is what to return to.
  const proven = wanted.mode === 'stop-first' ? others.find(({ served }) => served) : undefined;
  const old = proven ?? others[0] ?? null;
  const superfluous = present.filter((one) => one !== candidate && one !== old);
  return { candidate, old, superfluous };
}

/** Most useful first; then by id, so that the order never depends on how the engine lists them. */
export function compareUse(a: ContainerSnapshot, b: ContainerSnapshot): number {
  return usefulness(b) - usefulness(a) || compareText(a.id, b.id);
}

function usefulness(container: ContainerSnapshot): number {
  if (serves(container)) return 6;
  if (container.phase === 'running')
    return { ready: 5, pending: 4, expired: 3 }[container.readiness];
  if (container.phase === 'paused') return container.served ? 3 : 1;
  if (container.phase === 'exited') return container.served ? 2 : 0;
  return 1;
}

export function serves(container: ContainerSnapshot): boolean {
  const { phase, readiness } = container;
  if (phase !== 'running' || isLeaving(container)) return false;
  return readiness === 'ready' && !isIll(container);
}

export function isIll({
  failedChecks,
  patience = UNHEALTHY_CHECKS,
}: Pick<ContainerSnapshot, 'failedChecks' | 'patience'>): boolean {
  return failedChecks >= patience;
}

/** Worth keeping beside a candidate: it serves, did, or may yet. */
export function canServe(container: ContainerSnapshot): boolean {
  if (container.phase === 'created' || container.phase === 'removing') return false;
  return container.served || (container.phase === 'running' && container.readiness !== 'expired');
}

/** There is no container of the wanted spec: make one, or wait for the next attempt. */
