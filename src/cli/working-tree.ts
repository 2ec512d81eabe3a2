import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { digest } from '../model/digest.ts';
import { GridError } from '../model/error.ts';
import { compareText } from '../model/identity.ts';
import {
  decodeFile,
  isLfsPointer,
  type RefusedFile,
  type SourceFile,
  type SourceTree,
} from '../model/source.ts';
import { defaultLimits } from '../sync/limits.ts';

const ROOTS = ['grids', 'stacks'] as const;
const MOST_LEVELS = 32;

/** The bounds that hold for a commit, too: what passes here must not be refused there. */
export interface TreeLimits {
  readonly fileBytes: number;
  readonly entries: number;
  readonly sourceBytes: number;
}

/** The nearest folder at or above `path` that holds `grids/`. Throws `GridError` `not-found`. */
export async function findRepository(path: string): Promise<string> {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if (await isFolder(join(folder, 'grids'))) return folder;
    if (folder === dirname(folder)) break;
  }
  throw new GridError({
    code: 'not-found',
    message: `there is no folder grids/ in ${resolve(path)} or above it`,
    hint: 'Run this in the working tree of a grid repository, or give its path.',
  });
}

/**
 * The files below `grids/` and `stacks/` as they are on disk, read as a commit would be: links are refused and not followed,
 * too large ones are named but not read. Throws `GridError` `repository-too-large`.
 */
export async function readWorkingTree(
  root: string,
  limits: TreeLimits = defaultLimits,
): Promise<SourceTree> {
  const walk: Walk = { root, limits, files: new Map(), seen: 0, bytes: 0 };
  for (const name of ROOTS) if (await exists(join(root, name))) await visit(walk, name, 0);
  const entries = [...walk.files.values()].map((file) =>
    file.kind === 'refused'
      ? [file.path, file.reason]
      : [file.path, file.blob, file.executable === true],
  );
  return { sha: 'working-tree', inputs: digest(entries), files: walk.files };
}

/**
 * The files below a folder of another working tree, by their paths from its root; of the root itself (an empty path) only those
 * directly in it. `null`: there is no such folder.
 */
export async function readWorkingFolder(
  root: string,
  folder: string,
  limits: TreeLimits = defaultLimits,
): Promise<ReadonlyMap<string, SourceFile> | null> {
  if (!(await isFolder(join(root, folder)))) return null;
  const walk: Walk = { root, limits, files: new Map(), seen: 0, bytes: 0 };
  if (folder !== '') await visitFolder(walk, folder, 0);
  else
    for (const name of (await readdir(root)).toSorted(compareText))
      if (!(await isFolder(join(root, name)))) await visit(walk, name, 0);
  return walk.files;
}

interface Walk {
  readonly root: string;
  readonly limits: TreeLimits;
  readonly files: Map<string, SourceFile>;
  seen: number;
  bytes: number;
}

async function visit(walk: Walk, path: string, level: number): Promise<void> {
  walk.seen += 1;
  if (walk.seen > walk.limits.entries || level > MOST_LEVELS)
    throw tooLarge(`more than ${walk.limits.entries} files and folders`);
  const full = join(walk.root, path);
  const status = await lstat(full);
  if (status.isDirectory()) await visitFolder(walk, path, level);
  else if (status.isSymbolicLink()) refuse(walk, path, 'symlink');
  else if (!status.isFile()) refuse(walk, path, 'not-text');
  else if (status.size > walk.limits.fileBytes) refuse(walk, path, 'too-large');
  else {
    const executable = (status.mode & 0o100) !== 0;
    addFile(walk, { path, executable, content: await readFile(full) });
  }
}

/** A folder with its own `.git` is another repository: in a commit it is a submodule and its files are not there. */
async function visitFolder(walk: Walk, path: string, level: number): Promise<void> {
  const names = await readdir(join(walk.root, path));
  if (names.includes('.git')) {
    refuse(walk, path, 'submodule');
    return;
  }
  for (const name of names.toSorted(compareText)) await visit(walk, `${path}/${name}`, level + 1);
}

interface Found {
  readonly path: string;
  readonly executable: boolean;
  readonly content: Buffer;
}

function addFile(walk: Walk, { path, executable, content }: Found): void {
  walk.bytes += content.byteLength;
  if (walk.bytes > walk.limits.sourceBytes)
    throw tooLarge(`more than ${walk.limits.sourceBytes} bytes of files`);
  const decoded = decodeFile(content);
  if (isLfsPointer(decoded)) return refuse(walk, path, 'lfs');
  const file = { path, blob: blobId(content), ...decoded };
  walk.files.set(path, executable ? { ...file, executable } : file);
}

function refuse(walk: Walk, path: string, reason: RefusedFile['reason']): void {
  walk.files.set(path, { kind: 'refused', path, reason });
}

/** The id that git gives a file: the same file has the same one in a commit. */
function blobId(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.byteLength}\0`).update(content).digest('hex');
}

function tooLarge(what: string): GridError {
  return new GridError({
    code: 'repository-too-large',
    message: `the working tree has ${what} below grids/ and stacks/`,
    hint: 'Keep what is not needed to run the grids out of the grid repository.',
  });
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
