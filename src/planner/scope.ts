import type { Stack } from '../model/grid.ts';

/**
 * Which stacks a plan is about. Those of open pull requests run beside the grid's own and are planned by themselves. Each of
 * the two plans leaves the other one's stacks alone. The grid's own are placed as if no request had anything; what runs for
 * requests has the room that these leave, the oldest request's first, and gives way when they want it.
 */
export interface PlanScope {
  /** Names of stacks that belong, or belonged, to pull requests, with the request's number: a higher one is newer. */
  readonly visitors: ReadonlyMap<string, number>;
  /** The plan is about these, and not about the others. What they lose is nobody's loss: nothing is to be confirmed. */
  readonly isVisiting: boolean;
  /** The grid's own stacks, for what they take, where the plan is not about them. The same object while nothing of them changes. */
  readonly others: readonly Stack[];
}

export const wholeGrid: PlanScope = { visitors: new Map(), isVisiting: false, others: [] };

export function isInScope({ visitors, isVisiting }: PlanScope, stack: string): boolean {
  return visitors.has(stack) === isVisiting;
}

/** Of a visitor, in a plan of the grid's own stacks. */
export function takesNothing({ visitors, isVisiting }: PlanScope, stack: string): boolean {
  return !isVisiting && visitors.has(stack);
}

/** The request that a stack of this plan is of; `null`: it is one of the grid's own. */
export function requestOf({ visitors, isVisiting }: PlanScope, stack: string): number | null {
  return isVisiting ? (visitors.get(stack) ?? null) : null;
}

export function isSameScope(a: PlanScope, b: PlanScope): boolean {
  if (a === b) return true;
  if (a.isVisiting !== b.isVisiting || a.visitors.size !== b.visitors.size) return false;
  return [...a.visitors.keys()].every((name) => b.visitors.has(name));
}

export function removalReason({ isVisiting }: PlanScope): string {
  return isVisiting
    ? 'its pull request is closed, or runs it no more'
    : 'removed from the grid repository';
}
