import type { Grid, Stack } from '../model/grid.ts';
import type { Problem } from '../model/problem.ts';
import type { SourceTree } from '../model/source.ts';
import { createGridCache, type GridCache } from './cache.ts';
import { checkInside, type LinkedStack, linkStacks } from './dependencies.ts';
import { type GridDraft, isEmptyGrid, readGrid } from './grid.ts';
import { nameFault } from './names.ts';
import { quote } from './quote.ts';
import { compareProblems, createReport, type Fault, type Report } from './report.ts';
import { indexSources, type SourceIndex } from './source-index.ts';
import { createSources } from './sources.ts';
import { compileListed, listingInputs, listStacks, type StackListing } from './stack-list.ts';

/** What the files of one grid at one commit say, and what is wrong with them. */
export interface Compiled {
  /** `null`: the grid as a whole has an error, or there is no such grid. Never a reason to remove anything. */
  readonly grid: Grid | null;
  /** Every stack without errors, by name. */
  readonly stacks: readonly Stack[];
  /** Names of the stacks that have errors. */
  readonly failed: readonly string[];
  /** By file, line and column. */
  readonly problems: readonly Problem[];
}

export interface Compiler {
  /** Pure in what it answers: what is kept from earlier calls only saves time. Never throws. */
  compile(source: SourceTree, grid: string): Compiled;
}

/** A compiler that remembers, for each grid, what its last compile used. */
export function createCompiler(): Compiler {
  const caches = new Map<string, GridCache>();
  return {
    compile(source, grid) {
      const cache = caches.get(grid) ?? createGridCache();
      const compiled = compileGrid(source, grid, cache);
      if (cache.sweep()) caches.set(grid, cache);
      else caches.delete(grid);
      return compiled;
    },
  };
}

function compileGrid(source: SourceTree, name: string, cache: GridCache): Compiled {
  const report = createReport(null);
  const files = indexSources(source.files);
  const draft = openGrid(source, name, { cache, files, report });
  if (draft === null) return { grid: null, stacks: [], failed: [], problems: report.problems() };
  const listings = listStacks(name, source.files.keys(), draft.stacks);
  const stacks = listings.map((listing) => compileCached({ files, grid: name, listing, cache }));
  const good = linkStacks(stacks);
  const failed = stacks.filter((stack) => stack.report.failed()).map((stack) => stack.name);
  const problems = [report, ...stacks.map((stack) => stack.report)].flatMap((r) => r.problems());
  return { grid: draft.grid, stacks: good, failed, problems: problems.toSorted(compareProblems) };
}

interface Opening {
  readonly cache: GridCache;
  readonly files: SourceIndex;
  readonly report: Report;
}

/** `null` when there is no grid to speak of, or its file cannot be read: then its stacks' variables are not known either. */
function openGrid(
  source: SourceTree,
  name: string,
  { cache, files, report }: Opening,
): GridDraft | null {
  const path = `grids/${name}/grid.yml`;
  const at = { file: path, line: 1, column: 1 };
  const paths = [...source.files.keys()].filter((p) => p.startsWith(`grids/${name}/`));
  const fault = paths.length === 0 ? missing(name) : nameFault('grid', name);
  if (fault !== null) report.error(at, fault);
  const sources = createSources(files, cache);
  const opened = source.files.has(path) ? sources.open(path) : null;
  if (opened?.fault !== undefined) report.error(at, opened.fault);
  const tree = opened?.value === undefined ? null : sources.tree(opened.value);
  for (const problem of tree?.problems ?? []) report.error(problem.position, problem);
  if (report.failed()) return null;
  const root = tree?.root ?? null;
  const hasStacks = paths.some((p) => p.startsWith(`grids/${name}/stacks/`));
  if (hasStacks || !isEmptyGrid(root)) return readGrid(name, at, root, report);
  report.error(at, missing(name));
  return null;
}

function missing(name: string): Fault {
  return {
    code: 'grid-missing',
    message: `the grid ${quote(name)} has nothing in it at this commit; nothing is removed because of that`,
    hint: `Put a grid.yml or stacks below "grids/${name}/", or detach the grid.`,
  };
}

interface CachedCompile {
  readonly files: SourceIndex;
  readonly grid: string;
  readonly listing: StackListing;
  readonly cache: GridCache;
}

function compileCached({ files, grid, listing, cache }: CachedCompile): LinkedStack {
  const { name } = listing;
  const inputs = listingInputs(listing);
  const known = cache.find(name, inputs, files);
  if (known !== null)
    return { name, draft: known.draft, report: createReport(name, known.problems) };
  const sources = createSources(files, cache);
  const report = createReport(name);
  const draft = compileListed({ grid, listing, sources, report });
  const stack: LinkedStack = { name, draft, report };
  checkInside(stack);
  const problems = report.problems();
  // Inputs have no places in them: a problem in grid.yml would be shown where it was.
  const isPlaced = problems.some(({ position }) => position.file === listing.mention?.key.file);
  if (!isPlaced) cache.put(name, { draft, problems, inputs, consulted: sources.consulted });
  return stack;
}
