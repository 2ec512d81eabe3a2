import type { DesiredState } from '../model/desired.ts';
import { compareText, instancePath } from '../model/identity.ts';
import type { Confirmation, Step } from '../model/plan.ts';
import type { Removal } from './diff.ts';

/** What a person has to confirm before the plan may do it. */
export interface Guarded {
  readonly confirmation: Confirmation;
  readonly steps: ReadonlySet<Step>;
}

/**
 * Safety rule 3. Held back until confirmed: every removal of a stateful instance; and all removals of instances that the
 * revision does not want, when they are more than the prune budget (one is always within it) or the revision wants nothing
 * at all. `null`: nothing to confirm. `containers` is how many there are in the grid.
 */
export function guardRemovals(
  removals: readonly Removal[],
  desired: DesiredState,
  containers: number,
): Guarded | null {
  const open = removals.filter((removal) => !removal.begun);
  const guarded = open.filter(({ pruned, step }) => pruned || step.stateful);
  const reasons = [
    overBudget(
      open.filter(({ pruned, hasContainer }) => pruned && hasContainer).length,
      desired,
      containers,
    ),
    statefulOnes(guarded),
  ].filter((reason) => reason !== null);
  if (reasons.length === 0) return null;
  const removes = new Set(guarded.map(({ step }) => instancePath(step)));
  return {
    confirmation: { reason: reasons.join('; '), removes: [...removes].toSorted(compareText) },
    steps: new Set(guarded.map(({ step }) => step)),
  };
}

/**
 * Whether a person who has confirmed one set of removals has also confirmed another: what is left of the first when some
 * of it is done. A plan's hash changes with each step that is done, this does not.
 */
export function isCovered(asked: Confirmation, approved: Confirmation): boolean {
  const known = new Set(approved.removes);
  return asked.removes.every((path) => known.has(path));
}

function overBudget(count: number, desired: DesiredState, containers: number): string | null {
  if (count === 0) return null;
  const of = `${count} of ${containers} instance${containers === 1 ? '' : 's'}`;
  const { stacks, held, grid } = desired;
  const wantsNothing = held.length === 0 && stacks.every((stack) => stack.services.length === 0);
  if (wantsNothing) return `the revision wants no service at all, which removes ${of}`;
  if (count === 1 || count <= containers * grid.pruneBudget + 1e-9) return null;
  const budget = Math.round(grid.pruneBudget * 1_000) / 10;
  return `removes ${of}, and one plan may remove ${budget} % without confirmation`;
}

function statefulOnes(guarded: readonly Removal[]): string | null {
  const paths = new Set(
    guarded.filter(({ step }) => step.stateful).map(({ step }) => instancePath(step)),
  );
  const [first] = [...paths].toSorted(compareText);
  if (first === undefined) return null;
  const more = paths.size > 1 ? ` and ${paths.size - 1} more` : '';
  return `removes stateful ${first}${more}`;
}
