import { digest } from '../model/digest.ts';
import {
  isLfsPointer,
  type RefusedFile,
  type SourceFile,
  type SourceTree,
} from '../model/source.ts';
import type { Contents } from './contents.ts';
import { tooLarge } from './faults.ts';
import type { Limits } from './limits.ts';
import type { TreeEntry } from './objects.ts';

/** The two places in a commit that a grid is compiled from. */
export interface SourceRoots {
  /** `grids/<grid>`, a folder. */
  readonly grid: { readonly path: string; readonly entry: TreeEntry };
  /** `stacks`, whatever it is. */
  readonly stacks: TreeEntry | null;
}

/** Null when the commit has no folder `grids/<grid>`. */
export async function findRoots(
  contents: Contents,
  tree: string,
  grid: string,
): Promise<SourceRoots | null> {
  const root = await contents.tree(tree);
  const entry = (await gridEntries(contents, root)).find(({ name }) => name === grid);
  if (entry === undefined) return null;
  const stacks = root.find(({ name }) => name === 'stacks') ?? null;
  return { grid: { path: `grids/${grid}`, entry }, stacks };
}

/** The folders below `grids/`; none when `grids` itself is missing or not a folder. */
export async function gridEntries(
  contents: Contents,
  root: readonly TreeEntry[],
): Promise<readonly TreeEntry[]> {
  const grids = root.find(({ name, kind }) => name === 'grids' && kind === 'tree');
  if (grids === undefined) return [];
  return (await contents.tree(grids.oid)).filter(({ kind }) => kind === 'tree');
}

/** Identifies everything that `readSource` would read, without reading it. */
export function sourceInputs(roots: SourceRoots): string {
  const { stacks } = roots;
  return digest([roots.grid.entry.oid, stacks === null ? null : [stacks.kind, stacks.oid]]);
}

export interface SourceRead {
  readonly contents: Contents;
  readonly roots: SourceRoots;
  readonly sha: string;
  readonly limits: Limits;
  /** The repository, for messages. */
  readonly where: string;
}

/** @throws GridError repository-too-large */
export async function readSource(read: SourceRead): Promise<SourceTree> {
  const { grid, stacks } = read.roots;
  const what = `${grid.path} and stacks`;
  const hint = 'Keep what is not needed to run the grid out of its folder and out of stacks/.';
  const listing = newListing({ ...read, what, hint });
  await list(listing, grid.entry, grid.path);
  if (stacks !== null) await list(listing, stacks, 'stacks');
  return { sha: read.sha, inputs: sourceInputs(read.roots), files: await readAll(listing) };
}

/** Files of a commit that are read together. */
export interface FileRead {
  readonly contents: Contents;
  readonly limits: Limits;
  /** The repository, what of it, and what to do where that is too much; for messages. */
  readonly where: string;
  readonly what: string;
  readonly hint: string;
}

export interface Listing {
  readonly read: FileRead;
  readonly found: { readonly path: string; readonly entry: TreeEntry }[];
  seen: number;
}

export function newListing(read: FileRead): Listing {
  return { read, seen: 0, found: [] };
}

// Deeper folders are made by machines, to do harm.
const mostLevels = 32;

/**
 * Folders count, too: a few trees that hold each other many times over (a "git bomb") would else be walked forever.
 */
export async function list(
  listing: Listing,
  entry: TreeEntry,
  path: string,
  level = 0,
): Promise<void> {
  const { limits, contents } = listing.read;
  listing.seen += 1;
  if (listing.seen > limits.entries || level > mostLevels) {
    throw outOfBounds(listing.read, `more than ${limits.entries} files and folders`);
  }
  if (entry.kind !== 'tree') {
    listing.found.push({ path, entry });
    return;
  }
  for (const child of await contents.tree(entry.oid)) {
    await list(listing, child, `${path}/${child.name}`, level + 1);
  }
}

// Enough to keep git busy, few enough that the bound on all files together is kept.
const atOnce = 32;

export async function readAll(listing: Listing): Promise<ReadonlyMap<string, SourceFile>> {
  const { read, found } = listing;
  const files = new Map<string, SourceFile>();
  let bytes = 0;
  for (let start = 0; start < found.length; start += atOnce) {
    const some = found.slice(start, start + atOnce);
    for (const { file, size } of await Promise.all(some.map((one) => readFile(read, one)))) {
      files.set(file.path, file);
      bytes += size;
    }
    if (bytes > read.limits.sourceBytes) {
      throw outOfBounds(read, `more than ${Math.round(read.limits.sourceBytes / 2 ** 20)} MiB`);
    }
  }
  return files;
}

async function readFile(
  read: FileRead,
  { path, entry }: { readonly path: string; readonly entry: TreeEntry },
): Promise<{ readonly file: SourceFile; readonly size: number }> {
  const refuse = (reason: RefusedFile['reason']) => ({
    file: { kind: 'refused', path, reason } as const,
    size: 0,
  });
  if (entry.kind === 'symlink' || entry.kind === 'submodule') return refuse(entry.kind);
  if (entry.kind !== 'file') return refuse('not-text');
  const { decoded, size } = await read.contents.file(entry.oid);
  if (decoded === null) return refuse('too-large');
  if (isLfsPointer(decoded)) return refuse('lfs');
  const executable = entry.executable === true ? { executable: true as const } : {};
  return { file: { path, blob: entry.oid, ...decoded, ...executable }, size };
}

function outOfBounds({ where, what, hint }: FileRead, most: string): Error {
  return tooLarge(where, `${what} hold ${most}`, hint);
}
