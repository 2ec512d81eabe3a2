import type { Grid, Stack } from './grid.ts';

/**
 * What a revision says should run in one grid. Written by `manifest/compile` only.
 * `held` names the stacks that have problems and no earlier good definition: the planner leaves their instances alone.
 */
export interface DesiredState {
  readonly grid: Grid;
  readonly revision: string;
  readonly stacks: readonly Stack[];
  readonly held: readonly string[];
}

/**
 * Whether a stack that the revision does not have may only be missing because another one could not be read: the one that it
 * comes with (`depends`) is held. Which stacks those are is not known then, except that their names begin with its name.
 */
export function mayBelongTo(held: Iterable<string>, stack: string): boolean {
  for (const name of held) if (stack === name || stack.startsWith(`${name}-`)) return true;
  return false;
}
