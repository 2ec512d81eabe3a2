import { createGridCache, type GridCache } from '../manifest/cache.ts';
import { compilePreviewStacks, type PreviewStacks } from '../manifest/preview-stacks.ts';
import type { Problem } from '../model/problem.ts';
import type { Seed } from '../model/seed.ts';
import type { SourceTree } from '../model/source.ts';
import type { CompiledGrid } from './prepare.ts';
import type { GridHead } from './revision.ts';

export interface EnvironmentReadingOptions {
  readonly seed: Seed;
  readonly readFiles: (head: GridHead, grid: string) => Promise<SourceTree>;
  /** Why a commit may not be read for the grid; `null`: it may. */
  readonly verify: (head: GridHead, grid: string) => Promise<Problem | null>;
  /** What else a compiled stack has to be good for. */
  readonly check: (compiled: CompiledGrid, grid: string) => Promise<CompiledGrid>;
}

export interface EnvironmentCommits {
  readonly grid: string;
  /** What the branch says of the grid. */
  readonly base: GridHead;
  /** The files that the stacks are made of. */
  readonly merged: GridHead;
  readonly request: { readonly number: number; readonly head: string };
}

export type ReadEnvironment = (of: EnvironmentCommits) => Promise<PreviewStacks | null>;

/** Reads what a pull request would run. `null`: the branch's own commit may not be read. */
export function createEnvironmentReading(options: EnvironmentReadingOptions): ReadEnvironment {
  const caches = new Map<string, GridCache>();
  return async ({ grid, base, merged, request }) => {
    if ((await options.verify(base, grid)) !== null) return null;
    const cache = caches.get(grid) ?? createGridCache();
    const made = compilePreviewStacks({
      grid,
      base: await options.readFiles(base, grid),
      merged: await options.readFiles(merged, grid),
      request,
      wanted: () => true,
      seed: options.seed,
      cache,
    });
    if (cache.sweep()) caches.set(grid, cache);
    else caches.delete(grid);
    const { stacks, failed, problems } = made;
    const checked = await options.check({ grid: null, stacks, failed, problems }, grid);
    const { stacks: good, failed: bad, problems: found } = checked;
    return { ...made, stacks: good, failed: bad, problems: found };
  };
}
