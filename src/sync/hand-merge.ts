import type { MergedTree } from './engine.ts';
import { tooLarge } from './faults.ts';
import { movedFiles } from './moved-files.ts';
import type { RawObjects } from './raw-objects.ts';
import { isFile, isSame, type RawEntry } from './raw-tree.ts';
import { mergeText } from './text-merge.ts';
import { type Change, changeTree, compareTrees, printPath, type TreePath } from './tree-changes.ts';

export interface HandMerge {
  readonly objects: RawObjects;
  /** Trees. */
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
  /** Files and folders that may differ. */
  readonly most: number;
  /** The repository, for messages. */
  readonly where: string;
  readonly signal: AbortSignal;
}

/**
 * Merges trees without a git command, as git does: file by file, texts line by line, files that one side has moved with
 * what the other has changed in them. What git would decide by attributes or by looking into submodules is a conflict.
 */
export async function mergeByHand(of: HandMerge): Promise<MergedTree> {
  const { wanted, conflicts } = await combine(of);
  if (conflicts.size > 0) return { kind: 'conflict', files: [...conflicts].map(printPath) };
  const tree = await changeTree(of.objects, of.base, wanted);
  if (typeof tree === 'string') return { kind: 'clean', tree };
  return { kind: 'conflict', files: [printPath(tree.clash)] };
}

/**
 * The same for a base that is itself a merge: what is in conflict stays as it was before, and so is in conflict again
 * where it matters.
 */
export async function mergeBasesByHand(of: HandMerge): Promise<string> {
  const { wanted, conflicts } = await combine(of);
  for (const path of conflicts) wanted.delete(path);
  const tree = await changeTree(of.objects, of.base, wanted);
  return typeof tree === 'string' ? tree : of.base;
}

interface Side {
  /** What is still to be decided about. */
  readonly changes: Map<TreePath, Change>;
  readonly moves: ReadonlyMap<TreePath, TreePath>;
}

interface Merging {
  readonly objects: RawObjects;
  readonly ours: Side;
  readonly theirs: Side;
  readonly wanted: Map<TreePath, RawEntry | null>;
  readonly conflicts: Set<TreePath>;
  readonly signal: AbortSignal;
}

async function combine(of: HandMerge): Promise<Merging> {
  const { objects, signal } = of;
  const [ours, theirs] = await compareSides(of);
  const merging = {
    objects,
    signal,
    ours,
    theirs,
    wanted: new Map(),
    conflicts: new Set<string>(),
  };
  await followMoves(merging, ours, theirs);
  await followMoves(merging, theirs, ours);
  for (const [path, change] of ours.changes) {
    await decide(merging, path, [change, theirs.changes.get(path) ?? null]);
  }
  for (const [path, { after }] of theirs.changes) {
    if (!ours.changes.has(path)) merging.wanted.set(path, after);
  }
  return merging;
}

async function compareSides(of: HandMerge): Promise<readonly [Side, Side]> {
  const { objects, most, where, signal } = of;
  const hint = 'Merge them by hand, or install git 2.38 or newer on the master.';
  const tooMany = () => tooLarge(where, `two branches differ in more than ${most} files`, hint);
  const comparison = { objects, most, tooMany, signal };
  const ours = await compareTrees(comparison, of.base, of.ours);
  const theirs = await compareTrees(comparison, of.base, of.theirs);
  const moves = async (changes: typeof ours, other: typeof ours) =>
    await movedFiles({ objects, changes, matters: (path) => other.has(path), signal });
  return [
    { changes: new Map(ours), moves: await moves(ours, theirs) },
    { changes: new Map(theirs), moves: await moves(theirs, ours) },
  ];
}

/** What `other` has done to files that `one` has moved, done where they are now. */
async function followMoves(merging: Merging, one: Side, other: Side): Promise<void> {
  for (const [old, now] of one.moves) {
    const [gone, made] = [one.changes.get(old), one.changes.get(now)];
    const theirs = other.changes.get(old);
    if (gone === undefined || made === undefined || theirs === undefined) continue;
    const target = other.moves.get(old);
    const there = target === now ? other.changes.get(now)?.after : theirs.after;
    const isTaken = target !== now && other.changes.has(now);
    const merged =
      isTaken || !there || !made.after
        ? null
        : await mergeEntries(merging, [gone.before, made.after, there]);
    for (const path of target === undefined ? [old, now] : [old, now, target]) {
      one.changes.delete(path);
      other.changes.delete(path);
      if (merged === null) merging.conflicts.add(path);
    }
    // A moved file is spoken of where it is now.
    if (merged === null && target === undefined) merging.conflicts.delete(old);
    merging.wanted.set(old, null);
    if (merged !== null) merging.wanted.set(now, merged);
  }
}

async function decide(
  merging: Merging,
  path: TreePath,
  [ours, theirs]: readonly [Change, Change | null],
): Promise<void> {
  merging.signal.throwIfAborted();
  const { before, after } = ours;
  if (theirs === null || isSame(after, theirs.after)) {
    merging.wanted.set(path, after);
    return;
  }
  const isKept = after !== null && theirs.after !== null;
  const merged = isKept ? await mergeEntries(merging, [before, after, theirs.after]) : null;
  if (merged === null) merging.conflicts.add(path);
  else merging.wanted.set(path, merged);
}

/** Null when a person has to decide. */
async function mergeEntries(
  { objects }: Merging,
  [before, ours, theirs]: readonly [RawEntry | null, RawEntry, RawEntry],
): Promise<RawEntry | null> {
  if (isSame(ours, theirs) || isSame(before, theirs)) return ours;
  if (isSame(before, ours)) return theirs;
  if (before === null || ![before, ours, theirs].every(isFile)) return null;
  const mode = ours.mode === before.mode ? theirs.mode : ours.mode;
  const oid = await mergeFiles(objects, [before.oid, ours.oid, theirs.oid]);
  return oid === null ? null : { ...ours, mode, oid };
}

async function mergeFiles(
  objects: RawObjects,
  [before, ours, theirs]: readonly [string, string, string],
): Promise<string | null> {
  if (ours === theirs || before === theirs) return ours;
  if (before === ours) return theirs;
  const base = await objects.file(before);
  const [one, other] = [await objects.file(ours), await objects.file(theirs)];
  if (base === null || one === null || other === null) return null;
  const merged = mergeText({ base, ours: one, theirs: other });
  return merged === null ? null : await objects.writeFile(merged);
}
