import { type GitPerson, rawDate } from './bare-repository.ts';
import type { Repository } from './world.ts';

type HasGit = Pick<Repository, 'git'>;

/** The tree of the merge of two commits, made without a work tree; null: conflicts, or nothing in common. */
async function mergedTree(repository: HasGit, base: string, head: string): Promise<string | null> {
  const printed = await repository.git.attempt('merge-tree', '--write-tree', base, head);
  return printed?.split('\n')[0] ?? null;
}

export interface MergeOptions {
  readonly base: string;
  readonly head: string;
  readonly message: string;
  readonly person: GitPerson;
  /** `squash`: one commit on the base, which does not know of the head. */
  readonly method?: 'merge' | 'squash';
}

/** The commit that merges `head` into `base`, on no branch yet; null: conflicts. */
export async function mergeCommit(
  repository: HasGit,
  { base, head, message, person, method = 'merge' }: MergeOptions,
): Promise<string | null> {
  const tree = await mergedTree(repository, base, head);
  if (tree === null) return null;
  const by = `${person.name} <${person.email}> ${rawDate(person.date)}`;
  const parents = method === 'merge' ? [base, head] : [base];
  const lines = [
    `tree ${tree}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${by}`,
    `committer ${by}`,
  ];
  return await repository.git.write('commit', `${lines.join('\n')}\n\n${message}\n`);
}

/** Brings a commit of a fork, with all that is before it, into the repository. */
export async function fetchCommit(from: HasGit, into: HasGit, ref: string): Promise<void> {
  if (from === into) return;
  await into.git.text('fetch', '--quiet', from.git.directory, `+${ref}:refs/gridops-fetched`);
  await into.git.setRef('refs/gridops-fetched', null);
}
