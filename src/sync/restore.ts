import type { Contents } from './contents.ts';
import { tooLarge, unmergeable } from './faults.ts';
import type { Mirror } from './mirror.ts';
import type { Commit } from './objects.ts';
import type { RawObjects } from './raw-objects.ts';
import type { RawEntry } from './raw-tree.ts';
import {
  type Change,
  changeTree,
  compareTrees,
  printPath,
  type TreePath,
  treePath,
} from './tree-changes.ts';

/** What became of a file between two commits. */
export interface FileDifference {
  readonly path: string;
  readonly kind: 'added' | 'changed' | 'removed';
}

export interface Restoring {
  readonly contents: Contents;
  readonly objects: RawObjects;
  readonly mirror: Mirror;
  /** Files that may differ. */
  readonly most: number;
  /** The repository, for messages. */
  readonly where: string;
  readonly signal: AbortSignal;
}

/** The files below some folders that are not the same in two commits, by path. Links and submodules are files here. */
export async function differences(
  of: Restoring,
  [from, to]: readonly [Commit, Commit],
  under: readonly string[],
): Promise<readonly FileDifference[]> {
  const roots = under.map((folder) => `${treePath(folder)}\0`);
  const isBelow = (path: TreePath) => roots.some((root) => path.startsWith(root));
  const found: FileDifference[] = [];
  for (const [path, { before, after }] of await changes(of, [from, to])) {
    if (!isBelow(path)) continue;
    const kind = before === null ? 'added' : after === null ? 'removed' : 'changed';
    found.push({ path: printPath(path), kind });
  }
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

export interface Restoration {
  readonly onto: Commit;
  readonly from: Commit;
  /** Paths of files. The others stay as they are. */
  readonly files: readonly string[];
  /** A name; no address is known of who asks a master. */
  readonly author: string;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A commit on top of `onto` in which some files are as they are in `from`. Returns its id. */
export async function restore(of: Restoring, wish: Restoration): Promise<string> {
  const wanted = new Map<TreePath, RawEntry | null>();
  const wishes = new Set(wish.files.map(treePath));
  for (const [path, { after }] of await changes(of, [wish.onto, wish.from])) {
    if (wishes.has(path)) wanted.set(path, after);
  }
  const tree = await changeTree(of.objects, wish.onto.tree, wanted);
  if (typeof tree !== 'string') {
    throw unmergeable(of.where, `${printPath(tree.clash)} would be a file and a folder`);
  }
  return await of.mirror.write({ kind: 'commit', content: commitText(tree, wish) });
}

async function changes(
  { objects, most, where, signal }: Restoring,
  [from, to]: readonly [Commit, Commit],
): Promise<ReadonlyMap<TreePath, Change>> {
  const tooMany = () =>
    tooLarge(where, `more than ${most} files differ`, 'Revert by hand: git revert.');
  return await compareTrees({ objects, most, tooMany, signal }, from.tree, to.tree);
}

function commitText(tree: string, { onto, author, message, at }: Restoration): Uint8Array {
  // A younger date than the parent's, or what looks at the youngest commits first is led astray.
  const seconds = Math.floor(Math.max(at, onto.at) / 1000);
  const name = author.replaceAll(/[<>\p{Cc}]/gu, ' ').trim() || 'gridops';
  const person = `${name} <gridops@localhost> ${seconds} +0000`;
  const header = [`tree ${tree}`, `parent ${onto.sha}`, `author ${person}`, `committer ${person}`];
  return Buffer.from(`${header.join('\n')}\n\n${message.replaceAll('\0', ' ').trim()}\n`);
}
