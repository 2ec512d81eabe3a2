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
