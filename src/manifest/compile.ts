import type { Grid, Stack } from '../model/grid.ts';
import type { Problem } from '../model/problem.ts';
import { placeholderSeed, type Seed } from '../model/seed.ts';
import type { SourceTree } from '../model/source.ts';
import { type CachedStack, createGridCache, type GridCache } from './cache.ts';
import { checkInside, type LinkedStack, linkStacks, plainStack } from './dependencies.ts';
import { compileFamilies } from './families.ts';
import { type GridDraft, isEmptyGrid, readGrid, type StackMention } from './grid.ts';
import { nameFault } from './names.ts';
import { quote, visible } from './quote.ts';
import { compareProblems, createReport, type Fault, type Report } from './report.ts';
import type { ResolvedStack } from './resolve-stack.ts';
import { checkSecretsFile, openSecretBook } from './secrets-file.ts';
import { indexSources, type SourceIndex } from './source-index.ts';
import { createSources, type Duplicates } from './sources.ts';
import { emptyDraft } from './stack.ts';
import {
  compileListed,
  type ListedStack,
  listingInputs,
  listStacks,
  placeOf,
  type StackListing,
} from './stack-list.ts';
import { createShelves, type Shelf, type Shelves } from './stack-shelves.ts';
import { didYouMean } from './suggest.ts';

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

export interface CompilerOptions {
  /** What values of chance are derived from. Without one they are placeholders: right in form, and known to everybody. */
  readonly seed?: Seed;
}

/** A compiler that remembers, for each grid, what its last compile used. */
export function createCompiler({ seed = placeholderSeed }: CompilerOptions = {}): Compiler {
  const caches = new Map<string, GridCache>();
  return {
    compile(source, grid) {
      const cache = caches.get(grid) ?? createGridCache();
      const compiled = compileGrid({ source, name: grid, cache, seed });
      if (cache.sweep()) caches.set(grid, cache);
      else caches.delete(grid);
      return compiled;
    },
  };
}

/** The grid's stacks as their files say them, with everything put in that they refer to, by name. */
export function resolveGrid(
  source: SourceTree,
  grid: string,
  seed: Seed = placeholderSeed,
): { readonly stacks: ReadonlyMap<string, ResolvedStack>; readonly problems: readonly Problem[] } {
  const stacks = new Map<string, ResolvedStack>();
  const { problems } = compileGrid({
    source,
    name: grid,
    cache: createGridCache(),
    seed,
    observe: (name, stack) => stacks.set(name, stack),
  });
  return { stacks, problems };
}

type Observer = (name: string, stack: ResolvedStack) => void;

export interface GridCompile {
  readonly source: SourceTree;
  readonly name: string;
  readonly cache: GridCache;
  readonly seed: Seed;
  readonly observe?: Observer;
  /** What the grid has beside what its files list, as if grid.yml mentioned it. */
  readonly beside?: (draft: GridDraft) => ReadonlyMap<string, StackMention>;
}

export function compileGrid(compile: GridCompile): Compiled {
  const { source, name, cache, seed, observe, beside } = compile;
  const report = createReport(null);
  const files = indexSources(source.files);
  const draft = openGrid(source, name, { cache, files, report });
  if (draft === null) return { grid: null, stacks: [], failed: [], problems: report.problems() };
  const { duplicates } = draft;
  const more = beside?.(draft) ?? [];
  const listings = listStacks(name, source.files, new Map([...draft.stacks, ...more]));
  if (beside === undefined) warnOfUnknown(draft, listings, report);
  const shelves = createShelves(source, name, files);
  const stacks = compileFamilies(listings, (listing) => {
    const shelf = shelves.of(listing);
    return compileCached({ shelf, grid: name, listing, cache, duplicates, seed, observe });
  });
  const good = linkStacks(stacks).map((stack) => withOrigin(stack, shelves));
  const failed = stacks.filter((stack) => stack.report.failed()).map((stack) => stack.name);
  const problems = [report, ...stacks.map((stack) => stack.report)].flatMap((r) => r.problems());
  return { grid: draft.grid, stacks: good, failed, problems: problems.toSorted(compareProblems) };
}

/** No error: a stack may be removed without a thought of pull requests. */
function warnOfUnknown(
  { previews }: GridDraft,
  listings: readonly StackListing[],
  report: Report,
): void {
  const names = listings.map(({ name }) => name);
  for (const { key } of previews.values()) {
    if (names.includes(key.text)) continue;
    const message = `the grid lists no stack ${quote(key.text)}, so no pull request runs it`;
    report.warn(key, { code: 'unknown-stack', message, ...didYouMean(key.text, names) });
  }
}

function withOrigin(stack: Stack, shelves: Shelves): Stack {
  const from = shelves.originOf(stack.name);
  return from === null ? stack : { ...stack, from };
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
  const sources = createSources({ files, shared: cache, duplicates: 'refuse' });
  const opened = source.files.has(path) ? sources.open(path) : null;
  if (opened?.fault !== undefined) report.error(at, opened.fault);
  const tree = opened?.value === undefined ? null : sources.tree(opened.value);
  for (const problem of tree?.problems ?? []) report.error(problem.position, problem);
  checkSecretsFile(name, sources, report);
  // In place of the folder a file that cannot be read: which stacks there are is not known.
  const folder = source.files.get(`grids/${name}/stacks`);
  const unreadable = folder?.kind === 'refused' ? sources.open(folder.path).fault : undefined;
  if (unreadable !== undefined) report.error(at, unreadable);
  if (report.failed()) return null;
  const root = tree?.root ?? null;
  const hasStacks = paths.some((p) => p.startsWith(`grids/${name}/stacks/`));
  const book = openSecretBook(name, sources);
  if (hasStacks || !isEmptyGrid(root)) return readGrid({ name, at, root, book, report });
  report.error(at, missing(name));
  return null;
}

function missing(name: string): Fault {
  return {
    code: 'grid-missing',
    message: `the grid ${quote(name)} has nothing in it at this commit; nothing is removed because of that`,
    hint: `Put a grid.yml or stacks below "grids/${name}/". To give the grid up, remove its nodes ("gridops node rm"): one without nodes and files is left alone.`,
  };
}

interface CachedCompile {
  readonly shelf: Shelf;
  readonly grid: string;
  readonly listing: StackListing;
  readonly cache: GridCache;
  readonly duplicates: Duplicates;
  readonly seed: Seed;
  readonly observe: Observer | undefined;
}

function compileCached(compile: CachedCompile): LinkedStack {
  const { shelf, grid, listing, cache, duplicates, seed, observe } = compile;
  const { files, within } = shelf;
  const { name } = listing;
  const inputs = `${duplicates} ${listingInputs(listing)}`;
  const known = cache.find(name, inputs, files);
  if (known !== null) return reuse(known);
  const sources = createSources({ files, shared: cache, duplicates, within });
  const report = createReport(name);
  const stack = compileAlone({
    grid,
    listing,
    foreign: shelf.foreign,
    seed,
    sources,
    report,
    observe: (resolved) => observe?.(name, resolved),
  });
  const problems = report.problems();
  // Inputs have no places in them: a problem in grid.yml would be shown where it was.
  const elsewhere = [listing.mention?.key.file, listing.child?.key.file];
  const isPlaced = problems.some(({ position }) => elsewhere.includes(position.file));
  if (!isPlaced) cache.put(name, { stack, problems, inputs, consulted: sources.consulted });
  return stack;
}

/** A defect of ours costs the stack that meets it and no other: that one keeps what runs, as with any error. */
function compileAlone(listed: ListedStack): LinkedStack {
  const { name } = listed.listing;
  const { report } = listed;
  try {
    const draft = compileListed(listed);
    const stack = { name, draft, report, plain: plainStack(name, draft) };
    checkInside(stack);
    return stack;
  } catch (error) {
    report.error(placeOf(listed), defect(error));
    return { name, draft: emptyDraft, report, plain: plainStack(name, emptyDraft) };
  }
}

function defect(error: unknown): Fault {
  return {
    code: 'internal-error',
    message: `gridops failed on this stack: ${visible(String(error).slice(0, 200))}`,
    hint: 'This is a defect of gridops: please report it, with the stack file if you can.',
  };
}

/** What other stacks may add to is begun anew; everything else is the very same object, for the planner too. */
function reuse({ stack, problems }: CachedStack): LinkedStack {
  const { draft } = stack;
  if (!draft.isLinked && draft.children.length === 0) return stack;
  return { ...stack, report: createReport(stack.name, problems) };
}
