import { compareText } from '../model/identity.ts';
import type { Contents } from './contents.ts';
import { withDeadline } from './deadline.ts';
import type { GitEngine, MergedTree } from './engine.ts';
import { unmergeable } from './faults.ts';
import type { Limits } from './limits.ts';
import { mergeBases } from './merge-bases.ts';
import type { Mirror } from './mirror.ts';
import type { Commit } from './objects.ts';

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
  const merged = await mergeTrees(of);
  if (merged.kind === 'conflict') {
    const files = [...merged.files].toSorted(compareText).slice(0, mostFiles);
    return { kind: 'conflict', files };
  }
  const content = mergeCommit(merged.tree, base, head);
  return { kind: 'merged', commit: await of.mirror.write({ kind: 'commit', content }) };
}

async function mergeTrees({
  engine,
  mirror,
  base,
  head,
  where,
  signal,
}: Merge): Promise<MergedTree> {
  const { directory } = mirror;
  const merged = await engine.mergeTrees({ directory, ours: base.sha, theirs: head.sha, signal });
  if (merged !== null) return merged;
  throw unmergeable(where, 'this engine cannot');
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
