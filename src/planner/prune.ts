import type { DesiredState } from '../model/desired.ts';
import { compareText, instancePath } from '../model/identity.ts';
import type { Confirmation, Step } from '../model/plan.ts';
import type { Removal } from './diff.ts';

/** What the plan may not do yet. */
export interface Guarded {
  /** What a person has to confirm; `null`: it is not known yet whether anybody has to. */
  readonly confirmation: Confirmation | null;
  readonly steps: ReadonlySet<Step>;
  /** What they wait for. */
  readonly reason: string;
}

/**
 * Safety rule 3. Held back until confirmed: every removal of a stateful instance; and all removals of instances that the
 * revision does not want, when they are more than the prune budget (one is always within it) or the revision wants nothing
 * at all. `null`: nothing to confirm. `containers` is how many there are in the grid. `unheard`: nodes are about to report, and
 * what they have may go as well. Nothing goes before: one after the other, each removal would be within the budget.
 */
export function guardRemovals(
  removals: readonly Removal[],
  of: {
    readonly desired: DesiredState;
    readonly containers: number;
    readonly unheard: string | null;
  },
): Guarded | null {
  const { desired, containers, unheard } = of;
  const open = removals.filter((removal) => !removal.begun);
  const guarded = open.filter(({ pruned, step }) => pruned || step.stateful);
  const steps = new Set(guarded.map(({ step }) => step));
  const counted = open.filter(({ pruned, hasContainer }) => pruned && hasContainer).length;
  const stateful = statefulOnes(guarded);
  if (unheard !== null)
    return counted === 0 && stateful === null
      ? null
      : { confirmation: null, steps, reason: unheard };
  const reasons = [overBudget(counted, desired, containers), stateful].filter(
    (reason) => reason !== null,
  );
  if (reasons.length === 0) return null;
  const removes = new Set(guarded.map(({ step }) => instancePath(step)));
  return {
    confirmation: { reason: reasons.join('; '), removes: [...removes].toSorted(compareText) },
    steps,
    reason: 'waits for confirmation',
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
