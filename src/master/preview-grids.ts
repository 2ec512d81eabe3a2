import type { DesiredState } from '../model/desired.ts';
import { compareText } from '../model/identity.ts';
import type { Plan } from '../model/plan.ts';
import type { GridPreview } from '../model/preview.ts';
import type { Problem } from '../model/problem.ts';
import { type GridHead, type ReadingPorts, readRevision } from './revision.ts';

/** A grid that a merge changes: what it is made of on the branch and after the merge; `null`: it is not there. */
export interface AffectedGrid {
  readonly grid: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface AffectedPorts {
  readonly grids: (sha: string) => Promise<readonly string[]>;
  readonly inputs: (sha: string, grid: string) => Promise<string | null>;
}

/** The grids whose inputs two commits do not have in common, by name. What they have in common is provably nothing to do. */
export async function affectedGrids(
  { grids, inputs }: AffectedPorts,
  of: { readonly base: string; readonly merged: string },
): Promise<readonly AffectedGrid[]> {
  const names = new Set([...(await grids(of.base)), ...(await grids(of.merged))]);
  const affected: AffectedGrid[] = [];
  for (const grid of [...names].toSorted(compareText)) {
    const before = await inputs(of.base, grid);
    const after = await inputs(of.merged, grid);
    if (before !== after) affected.push({ grid, before, after });
  }
  return affected;
}

export function sameAffected(a: readonly AffectedGrid[], b: readonly AffectedGrid[]): boolean {
  const same = (one: AffectedGrid, other: AffectedGrid | undefined): boolean =>
    one.grid === other?.grid && one.before === other.before && one.after === other.after;
  return a.length === b.length && a.every((one, index) => same(one, b[index]));
}

export interface GridPreviewPorts {
  /** What a grid is at a commit, with what it takes from other repositories. */
  readonly head: (sha: string, grid: string) => Promise<GridHead>;
  /** What is good now, and how commits are read. Nothing that is read here is kept as good. */
  readonly revision: ReadingPorts;
  /** What is wanted of the grid now; `null`: nothing is known to be. */
  readonly wanted: (grid: string) => DesiredState | null;
  /** Against what is observed now; nothing comes of it. */
  readonly plan: (desired: DesiredState) => Plan;
  /** Why a commit would not be deployed at once; `null`: it would. */
  readonly closed: (desired: DesiredState) => string | null;
  readonly describe: (of: DescribedGrid) => GridPreview;
}

export interface DescribedGrid {
  readonly grid: string;
  readonly before: DesiredState | null;
  /** `null`: nothing can be said of what is wanted after the merge. */
  readonly after: DesiredState | null;
  readonly plan: Plan | null;
  readonly problems: readonly Problem[];
  readonly closed: string | null;
}

/** What a merge would do to one grid, with the means by which a push is planned, and none of those by which it is carried out. */
export async function previewGrid(
  ports: GridPreviewPorts,
  { grid }: AffectedGrid,
  merged: string,
): Promise<GridPreview> {
  const of = { grid, ports: ports.revision };
  const { compiled, prepared } = await readRevision(of, await ports.head(merged, grid));
  // A grid whose own file has errors keeps what it has: the merge would change nothing.
  const desired = compiled.grid === null ? null : (prepared?.desired ?? null);
  return ports.describe({
    grid,
    before: ports.wanted(grid),
    after: desired,
    plan: desired === null ? null : ports.plan(desired),
    problems: compiled.problems,
    closed: desired === null ? null : ports.closed(desired),
  });
}
