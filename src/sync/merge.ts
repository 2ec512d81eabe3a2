import { compareText } from '../model/identity.ts';
import type { Contents } from './contents.ts';
import { withDeadline } from './deadline.ts';
import type { GitEngine, MergedTree } from './engine.ts';
import { unmergeable } from './faults.ts';
import { mergeBasesByHand, mergeByHand } from './hand-merge.ts';
import type { Limits } from './limits.ts';
import { mergeBases } from './merge-bases.ts';
import type { Mirror } from './mirror.ts';
import type { Commit } from './objects.ts';
import { RawObjects } from './raw-objects.ts';

/** What comes of merging one commit into another. */
export type MergeResult =
  | { readonly kind: 'merged'; readonly commit: string }
  /** `files`: those that a person has to decide about, in code unit order, at most 100. */
  | { readonly kind: 'conflict'; readonly files: readonly string[] }
  /** The two have no common commit. */
  | { readonly kind: 'unrelated' };

export interface Merge {
  readonly contents: Contents;
  readonly mirror: Mirror;
  readonly engine: GitEngine;
  readonly limits: Limits;
  /** The repository, for messages. */
  readonly where: string;
  readonly base: Commit;
  readonly head: Commit;
  readonly signal: AbortSignal;
}

const mostFiles = 100;

// Seconds. Later dates are made to do harm, and are written in another way.
const latest = 2 ** 40;

/**
 * The commit that merging `head` into `base` gives: `head` where that only goes forward, `base` where nothing is new,
 * else one whose id depends on nothing but the two.
 */
export async function merge(of: Merge): Promise<MergeResult> {
  const { limits, where, signal } = of;
  const milliseconds = limits.mergeTimeout;
  const late = () => unmergeable(where, `not done within ${milliseconds / 1000} s`);
  return await withDeadline({ signal, milliseconds, late }, (inTime) =>
    mergeInTime({ ...of, signal: inTime }),
  );
}

async function mergeInTime(of: Merge): Promise<MergeResult> {
  const { contents, base, head, where } = of;
  const most = of.limits.ancestry;
  const bases = await mergeBases({ contents, one: base.sha, other: head.sha, most, where });
  if (bases.includes(base.sha)) return { kind: 'merged', commit: head.sha };
  if (bases.includes(head.sha)) return { kind: 'merged', commit: base.sha };
  if (bases.length === 0) return { kind: 'unrelated' };
  const merged = await mergeTrees(of, bases);
  if (merged.kind === 'conflict') {
    const files = [...merged.files].toSorted(compareText).slice(0, mostFiles);
    return { kind: 'conflict', files };
  }
  const content = mergeCommit(merged.tree, base, head);
  return { kind: 'merged', commit: await of.mirror.write({ kind: 'commit', content }) };
}

async function mergeTrees(of: Merge, bases: readonly string[]): Promise<MergedTree> {
  const { engine, mirror, base, head, limits, where, signal } = of;
  const { directory } = mirror;
  const merged = await engine.mergeTrees({ directory, ours: base.sha, theirs: head.sha, signal });
  if (merged !== null) return merged;
  const objects = new RawObjects(mirror, { where, fileBytes: limits.fileBytes });
  const tree = await baseTree({ ...of, objects }, bases, 0);
  return await mergeByHand({
    ...handMerge(of, objects),
    base: tree,
    ours: base.tree,
    theirs: head.tree,
  });
}

// Branches that were merged crosswise again and again. Beyond, what they have in common is taken from one of them.
const mostLevels = 3;
const mostBases = 4;

/** What two branches have in common: where they were merged crosswise, the merge of all that each has from the other. */
async function baseTree(
  of: Merge & { readonly objects: RawObjects },
  bases: readonly string[],
  level: number,
): Promise<string> {
  const { contents, objects, where, limits } = of;
  let [sha = '', ...others] = bases.slice(0, level < mostLevels ? mostBases : 1);
  let tree = await treeOf(contents, sha);
  for (const other of others) {
    const most = limits.ancestry;
    const older = await mergeBases({ contents, one: sha, other, most, where });
    const theirs = await treeOf(contents, other);
    const base = older.length === 0 ? tree : await baseTree(of, older, level + 1);
    tree = await mergeBasesByHand({ ...handMerge(of, objects), base, ours: tree, theirs });
    sha = other;
  }
  return tree;
}

async function treeOf(contents: Contents, sha: string): Promise<string> {
  return (await contents.commit(sha))?.tree ?? '';
}

// Files that differ between two branches.
const mostChanges = 50_000;

function handMerge({ where, signal }: Merge, objects: RawObjects) {
  return { objects, where, signal, most: mostChanges };
}

/** Its date is that of the younger parent: a clock would give another id each time. */
function mergeCommit(tree: string, base: Commit, head: Commit): Uint8Array {
  const seconds = Math.min(Math.max(base.at, head.at) / 1000, latest);
  const person = `gridops <gridops@localhost> ${seconds} +0000`;
  const header = [
    `tree ${tree}`,
    `parent ${base.sha}`,
    `parent ${head.sha}`,
    `author ${person}`,
    `committer ${person}`,
  ];
  return Buffer.from(`${header.join('\n')}\n\nMerge ${head.sha} into ${base.sha}\n`);
}
