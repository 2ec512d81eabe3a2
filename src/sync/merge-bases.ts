import { isAncestor } from './ancestry.ts';
import type { Contents } from './contents.ts';
import { tooLarge } from './faults.ts';
import type { Commit } from './objects.ts';

export interface MergeBaseQuestion {
  readonly contents: Contents;
  readonly one: string;
  readonly other: string;
  /** How many commits are looked at. */
  readonly most: number;
  /** The repository, for messages. */
  readonly where: string;
}

// From which side a commit is seen, and whether it lies behind a common one that was found already.
const fromOne = 1;
const fromOther = 2;
const behind = 4;
const common = fromOne | fromOther;

/**
 * The newest commits that are in both histories: none for histories that share nothing, several for branches that were
 * merged into each other crosswise. Looks only as far back as the two have gone different ways.
 * @throws GridError repository-too-large beyond the bound
 */
export async function mergeBases(question: MergeBaseQuestion): Promise<readonly string[]> {
  const found = await meetingPoints(question);
  const best: string[] = [];
  for (const candidate of found) {
    if (!(await isBehindAnother(question, candidate, found))) best.push(candidate);
  }
  return best.toSorted();
}

/** What git calls painting down to the common commits: youngest first, until only what lies behind common ones is left. */
async function meetingPoints(question: MergeBaseQuestion): Promise<readonly string[]> {
  const { contents, one, other, most, where } = question;
  const marks = new Map<string, number>();
  const queue: Commit[] = [];
  const found: string[] = [];
  const mark = async (sha: string, flags: number) => {
    const before = marks.get(sha) ?? 0;
    if ((before | flags) === before) return;
    const commit = await contents.commit(sha);
    // What a shallow repository does not hold.
    if (commit === null) return;
    marks.set(sha, before | flags);
    insert(queue, commit);
  };
  await mark(one, fromOne);
  await mark(other, fromOther);
  while (queue.some(({ sha }) => ((marks.get(sha) ?? 0) & behind) === 0)) {
    const commit = queue.pop();
    if (commit === undefined) break;
    let flags = marks.get(commit.sha) ?? 0;
    if ((flags & common) === common && (flags & behind) === 0) {
      found.push(commit.sha);
      flags |= behind;
    }
    for (const parent of commit.parents) await mark(parent, flags);
    if (marks.size > most) throw tooFar(where, most);
  }
  return [...new Set(found)];
}

/** A commit whose date is older than its parent's can make one look newest that is not. */
async function isBehindAnother(
  { contents, most }: MergeBaseQuestion,
  candidate: string,
  all: readonly string[],
): Promise<boolean> {
  for (const newer of all) {
    if (newer === candidate) continue;
    if (await isAncestor({ contents, older: candidate, newer, most })) return true;
  }
  return false;
}

/** Keeps the youngest at the end, each commit once. */
function insert(queue: Commit[], commit: Commit): void {
  if (queue.some(({ sha }) => sha === commit.sha)) return;
  let at = queue.length;
  while (at > 0 && (queue[at - 1]?.at ?? 0) > commit.at) at -= 1;
  queue.splice(at, 0, commit);
}

function tooFar(where: string, most: number): Error {
  const hint = 'Bring the branch up to date with the one that it is to be merged into.';
  return tooLarge(where, `two branches are more than ${most} commits apart`, hint);
}
