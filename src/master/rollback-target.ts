import { GridError } from '../model/error.ts';
import type { DeployOutline } from '../store/deploys.ts';
import type { Repository } from '../sync/repository.ts';

export interface TargetQuestion {
  readonly repository: Repository;
  readonly grid: string;
  /** Where the branch is. */
  readonly head: string;
  /** Newest first. */
  readonly deploys: readonly DeployOutline[];
  /** What a commit says of the grid: the same text, the same desired state. */
  readonly meaning: (sha: string) => Promise<string>;
}

// Commits that are compiled to find one that means something else.
const mostTries = 20;

/**
 * The newest commit that was deployed with success before what is there now. Where the branch has gone back already, that
 * is before the commit whose content it went back to: going back twice goes back twice.
 */
export async function lastGoodCommit(question: TargetQuestion): Promise<string> {
  const { repository, grid, head, deploys, meaning } = question;
  const inputs = await repository.inputs(head, grid);
  const succeeded = deploys.filter(({ phase }) => phase === 'succeeded');
  const present = succeeded.findLastIndex((deploy) => deploy.inputs === (inputs ?? ''));
  const now = await meaning(head);
  for (const { sha } of succeeded.slice(present + 1).slice(0, mostTries)) {
    if (!(await repository.isAncestor(sha, head))) continue;
    const then = await meaning(sha).catch(() => now);
    if (then !== now) return sha;
  }
  throw new GridError({
    code: 'invalid-request',
    message: `no other commit of grid ${grid} is known to have been deployed with success before this one`,
    hint: 'Name one: --to REV. `gridops history` and `git log` list them.',
  });
}

// Commits that are looked at for one whose id begins in some way.
const mostCommits = 2_000;

/** A commit of the branch by its id or the beginning of it. */
export async function namedCommit(question: TargetQuestion, name: string): Promise<string> {
  const { repository, head } = question;
  const sha = name.length >= 40 ? name : await completed(question, name);
  if (await repository.isAncestor(sha, head)) return sha;
  throw new GridError({
    code: 'invalid-request',
    message: `commit ${name.slice(0, 12)} is not in the history of the branch`,
    hint: 'Name a commit that the branch has been at: `git log --first-parent`.',
  });
}

async function completed(question: TargetQuestion, name: string): Promise<string> {
  const { repository, head, deploys } = question;
  const found = new Set(deploys.map(({ sha }) => sha).filter((sha) => sha.startsWith(name)));
  let sha: string | undefined = head;
  for (let looked = 0; sha !== undefined && looked < mostCommits; looked += 1) {
    if (sha.startsWith(name)) found.add(sha);
    sha = (await repository.commit(sha).catch(() => null))?.parents[0];
  }
  const [only, ...others] = [...found];
  if (only !== undefined && others.length === 0) return only;
  throw new GridError({
    code: 'invalid-request',
    message:
      only === undefined
        ? `no commit of the branch begins with ${name}`
        : `several commits of the branch begin with ${name}`,
    hint: 'Give the whole id.',
  });
}
