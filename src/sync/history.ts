import { isAncestor } from './ancestry.ts';
import type { Contents } from './contents.ts';
import { tooLarge } from './faults.ts';
import type { Commit } from './objects.ts';

export interface HistoryQuestion {
  readonly contents: Contents;
  readonly newer: string;
  /** Not in the answer, nor what is in its history. */
  readonly older: string;
  /** Paths of folders and files. */
  readonly paths: readonly string[];
  /** How many commits are looked at. */
  readonly most: number;
  /** The repository, for messages. */
  readonly where: string;
}

/** The commits of a branch since an older one that touched some paths, newest first. A merge stands for what it brought. */
export async function commitsTouching(question: HistoryQuestion): Promise<readonly Commit[]> {
  const { contents, older, most } = question;
  const found: Commit[] = [];
  const end = (await contents.commit(older))?.at ?? 0;
  let commit = await contents.commit(question.newer);
  for (let looked = 0; commit !== null && looked < most; looked += 1) {
    if (commit.sha === older) break;
    // Where the branch has left it aside: merged from another, as its second parent.
    const isOld = commit.at <= end;
    if (isOld && (await isAncestor({ contents, older: commit.sha, newer: older, most }))) break;
    const parent = await parentOf(contents, commit);
    if (await differsAt(question, [commit, parent])) found.push(commit);
    commit = parent;
  }
  return found;
}

/** The last one of a branch that touched some paths; null when there is none, or none within the bound. */
export async function newestTouching(
  question: Omit<HistoryQuestion, 'older'>,
): Promise<Commit | null> {
  const { contents, most, where } = question;
  let commit = await contents.commit(question.newer);
  for (let looked = 0; commit !== null; looked += 1) {
    if (looked >= most) throw tooLong(where, most);
    const parent = await parentOf(contents, commit);
    if (await differsAt(question, [commit, parent])) return commit;
    commit = parent;
  }
  return null;
}

/**
 * Every commit of one history that is not in another and touched some paths, on whichever side of a merge. Compared with
 * its first parent, so that a merge that takes one side for the other counts, too.
 */
export async function everyTouching(question: HistoryQuestion): Promise<readonly Commit[]> {
  const found: Commit[] = [];
  for (const commit of await onlyIn(question)) {
    const parent = await parentOf(question.contents, commit);
    if (await differsAt(question, [commit, parent])) found.push(commit);
  }
  return found;
}

/** Youngest first, until only what is in the older history is left to look at. Dates that lie make it say too many. */
async function onlyIn({
  contents,
  newer,
  older,
  most,
  where,
}: HistoryQuestion): Promise<readonly Commit[]> {
  const isOld = new Map<string, boolean>();
  const queue: Commit[] = [];
  const seen: Commit[] = [];
  const visit = async (sha: string, old: boolean) => {
    const before = isOld.get(sha);
    if (before === true || before === old) return;
    const commit = await contents.commit(sha);
    if (commit === null) return;
    if (before === undefined) seen.push(commit);
    isOld.set(sha, old);
    insert(queue, commit);
    if (seen.length > most) throw tooLong(where, most);
  };
  await visit(older, true);
  await visit(newer, false);
  while (queue.some(({ sha }) => isOld.get(sha) === false)) {
    const commit = queue.pop();
    for (const parent of commit?.parents ?? []) {
      await visit(parent, isOld.get(commit?.sha ?? '') === true);
    }
  }
  return seen.filter(({ sha }) => isOld.get(sha) === false).toSorted((a, b) => b.at - a.at);
}

/** Keeps the youngest at the end. */
function insert(queue: Commit[], commit: Commit): void {
  let at = queue.length;
  while (at > 0 && (queue[at - 1]?.at ?? 0) > commit.at) at -= 1;
  queue.splice(at, 0, commit);
}

async function parentOf(contents: Contents, commit: Commit): Promise<Commit | null> {
  const [parent] = commit.parents;
  return parent === undefined ? null : await contents.commit(parent);
}

function tooLong(where: string, most: number): Error {
  const hint = 'Name a younger commit: where commits are verified, move the seal.';
  return tooLarge(where, `more than ${most} commits would have to be looked at`, hint);
}

async function differsAt(
  { contents, paths }: Pick<HistoryQuestion, 'contents' | 'paths'>,
  [commit, parent]: readonly [Commit, Commit | null],
): Promise<boolean> {
  for (const path of paths) {
    const after = await idAt(contents, commit, path);
    if (after !== (parent === null ? null : await idAt(contents, parent, path))) return true;
  }
  return false;
}

/** What stands at a path in a commit: a folder, a file or nothing; with its mode. */
async function idAt(contents: Contents, { tree }: Commit, path: string): Promise<string | null> {
  let oid = tree;
  let id = `tree ${tree}`;
  for (const name of path.split('/').filter((part) => part !== '')) {
    if (!id.startsWith('tree')) return null;
    const entry = (await contents.tree(oid)).find((one) => one.name === name);
    if (entry === undefined) return null;
    oid = entry.oid;
    id = `${entry.kind} ${entry.executable === true} ${entry.oid}`;
  }
  return id;
}
