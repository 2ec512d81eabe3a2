import type { Contents } from './contents.ts';
import type { Commit } from './objects.ts';

export interface AncestryQuestion {
  readonly contents: Contents;
  readonly older: string;
  readonly newer: string;
  /** How many commits are looked at. */
  readonly most: number;
}

/**
 * Whether `older` is in the history of `newer`, or is it. Looks at the youngest commits first, so that a near ancestor
 * is found soon whatever merges there are. False also when it is further back than the bound or beyond what a
 * shallow repository holds.
 */
export async function isAncestor(question: AncestryQuestion): Promise<boolean> {
  const { contents, older, newer, most } = question;
  const seen = new Set([newer]);
  const queue: Commit[] = [];
  const first = await contents.commit(newer);
  if (first === null || (await contents.commit(older)) === null) return false;
  queue.push(first);
  for (let looked = 0; looked < most; looked += 1) {
    const commit = queue.pop();
    if (commit === undefined) return false;
    if (commit.sha === older) return true;
    for (const parent of commit.parents.filter((sha) => !seen.has(sha))) {
      seen.add(parent);
      const next = await contents.commit(parent);
      if (next !== null) insert(queue, next);
    }
  }
  return false;
}

/** Keeps the youngest at the end. The queue is as long as there are open branches: short. */
function insert(queue: Commit[], commit: Commit): void {
  let at = queue.length;
  while (at > 0 && (queue[at - 1]?.at ?? 0) > commit.at) at -= 1;
  queue.splice(at, 0, commit);
}
