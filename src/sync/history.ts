import { isAncestor } from './ancestry.ts';
import type { Contents } from './contents.ts';
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
}

/** The commits of a branch since an older one that touched some paths, newest first. A merge stands for what it brought. */
export async function commitsTouching(question: HistoryQuestion): Promise<readonly Commit[]> {
  const { contents, older, paths, most } = question;
  const found: Commit[] = [];
  const end = (await contents.commit(older))?.at ?? 0;
  let commit = await contents.commit(question.newer);
  for (let looked = 0; commit !== null && looked < most; looked += 1) {
    if (commit.sha === older) break;
    // Where the branch has left it aside: merged from another, as its second parent.
    const isOld = commit.at <= end;
    if (isOld && (await isAncestor({ contents, older: commit.sha, newer: older, most }))) break;
    const parent: Commit | null = await contents.commit(commit.parents[0] ?? '');
    if (await differsAt(contents, paths, [commit, parent])) found.push(commit);
    commit = parent;
  }
  return found;
}

async function differsAt(
  contents: Contents,
  paths: readonly string[],
  [commit, parent]: readonly [Commit, Commit | null],
): Promise<boolean> {
  for (const path of paths) {
    const after = await idAt(contents, commit, path);
    if (after !== (parent === null ? null : await idAt(contents, parent, path))) return true;
  }
  return false;
}

/** What stands at a path in a commit: a folder, a file or nothing; with its mode. */
export async function idAt(
  contents: Contents,
  { tree }: Commit,
  path: string,
): Promise<string | null> {
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
