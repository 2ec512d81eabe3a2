import type { RawObjects } from './raw-objects.ts';
import { type RawEntry, treeMode } from './raw-tree.ts';

/**
 * Names from the root, joined by zeros: a name may hold a slash, which no honest one does, and would then be taken for
 * a folder and a file.
 */
export type TreePath = string;

export function treePath(text: string): TreePath {
  return Buffer.from(text, 'utf8').toString('latin1').replaceAll('/', '\0');
}

export function printPath(path: TreePath): string {
  return Buffer.from(path.replaceAll('\0', '/'), 'latin1').toString('utf8');
}

/** What became of a file, a link or a submodule; null: it is not there. */
export interface Change {
  readonly before: RawEntry | null;
  readonly after: RawEntry | null;
}

export interface Comparison {
  readonly objects: RawObjects;
  /** Names of folders that differ, before it is given up. */
  readonly most: number;
  readonly tooMany: () => Error;
  readonly signal: AbortSignal;
}

// Deeper folders are made by machines, to do harm.
const mostLevels = 64;

/** What differs between two folders; null is an empty one. Folders that are the same are not looked into. */
export async function compareTrees(
  comparison: Comparison,
  before: string | null,
  after: string | null,
): Promise<ReadonlyMap<TreePath, Change>> {
  const changes = new Map<TreePath, Change>();
  await compareFolder({ ...comparison, changes, seen: { names: 0 } }, { before, after, path: '' });
  return changes;
}

interface Walk extends Comparison {
  readonly changes: Map<TreePath, Change>;
  readonly seen: { names: number };
}

interface Pair {
  readonly before: string | null;
  readonly after: string | null;
  readonly path: TreePath;
}

async function compareFolder(walk: Walk, pair: Pair, level = 0): Promise<void> {
  walk.signal.throwIfAborted();
  const before = await namesOf(walk, pair.before);
  const after = await namesOf(walk, pair.after);
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(name) ?? null, after.get(name) ?? null];
    if (was?.oid === is?.oid && was?.mode === is?.mode) continue;
    walk.seen.names += 1;
    if (walk.seen.names > walk.most || level > mostLevels) throw walk.tooMany();
    const path = pair.path === '' ? name : `${pair.path}\0${name}`;
    const leaf = { before: leafOf(was), after: leafOf(is) };
    if (leaf.before !== null || leaf.after !== null) walk.changes.set(path, leaf);
    const folder = { before: folderOf(was), after: folderOf(is), path };
    if (folder.before === folder.after) continue;
    await compareFolder(walk, folder, level + 1);
  }
}

async function namesOf(walk: Walk, oid: string | null): Promise<ReadonlyMap<string, RawEntry>> {
  return oid === null ? new Map() : await walk.objects.tree(oid);
}

function leafOf(entry: RawEntry | null): RawEntry | null {
  return entry?.mode === treeMode ? null : entry;
}

function folderOf(entry: RawEntry | null): string | null {
  return entry?.mode === treeMode ? entry.oid : null;
}

/** What a file and a folder would both be called. */
export interface Clash {
  readonly clash: TreePath;
}

/** The folder with what is to be different in it, written; null when nothing is left. */
export async function changeTree(
  objects: RawObjects,
  root: string,
  wanted: ReadonlyMap<TreePath, RawEntry | null>,
): Promise<string | Clash> {
  const changed = await changeFolder(objects, root, { path: '', below: grown(wanted) });
  return changed ?? (await objects.writeTree([]));
}

/** What is wanted of one name: as a file (undefined: nothing is said), and below it as a folder. */
interface Wish {
  entry?: RawEntry | null;
  readonly below: Map<string, Wish>;
}

function grown(wanted: ReadonlyMap<TreePath, RawEntry | null>): ReadonlyMap<string, Wish> {
  const root: Wish = { below: new Map() };
  for (const [path, entry] of wanted) {
    let wish = root;
    for (const name of path.split('\0')) {
      const next = wish.below.get(name) ?? { below: new Map() };
      wish.below.set(name, next);
      wish = next;
    }
    wish.entry = entry;
  }
  return root.below;
}

interface Place {
  readonly path: TreePath;
  readonly below: ReadonlyMap<string, Wish>;
}

async function changeFolder(
  objects: RawObjects,
  oid: string | null,
  place: Place,
): Promise<string | Clash | null> {
  const entries = new Map(oid === null ? [] : await objects.tree(oid));
  for (const [name, wish] of place.below) {
    const path = place.path === '' ? name : `${place.path}\0${name}`;
    const was = entries.get(name) ?? null;
    const folder = folderOf(was);
    const inside =
      wish.below.size === 0 ? folder : await changeFolder(objects, folder, { path, ...wish });
    if (typeof inside === 'object' && inside !== null) return inside;
    const file = wish.entry === undefined ? leafOf(was) : wish.entry;
    if (inside !== null && file !== null) return { clash: path };
    entries.delete(name);
    if (inside !== null) entries.set(name, { mode: treeMode, name, oid: inside });
    if (file !== null) entries.set(name, { ...file, name });
  }
  return entries.size === 0 ? null : await objects.writeTree(entries.values());
}
