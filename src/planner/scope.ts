import type { Stack } from '../model/grid.ts';

/**
 * Which stacks a plan is about. Those of open pull requests run beside the grid's own and are planned by themselves: each of
 * the two plans counts what the other one's stacks take, and leaves them alone.
 */
export interface PlanScope {
  /** Names of stacks that belong, or belonged, to pull requests. */
  readonly visitors: ReadonlySet<string>;
  /** The plan is about these, and not about the others. What they lose is nobody's loss: nothing is to be confirmed. */
  readonly isVisiting: boolean;
  /** Stacks that the plan is not about, for what they take. The same object while nothing of them changes. */
  readonly others: readonly Stack[];
}

export const wholeGrid: PlanScope = { visitors: new Set(), isVisiting: false, others: [] };

export function isInScope({ visitors, isVisiting }: PlanScope, stack: string): boolean {
  return visitors.has(stack) === isVisiting;
}

export function isSameScope(a: PlanScope, b: PlanScope): boolean {
  if (a === b) return true;
  if (a.isVisiting !== b.isVisiting || a.visitors.size !== b.visitors.size) return false;
  return [...a.visitors].every((name) => b.visitors.has(name));
}

export function removalReason({ isVisiting }: PlanScope): string {
  return isVisiting
    ? 'its pull request is closed, or runs it no more'
    : 'removed from the grid repository';
}
