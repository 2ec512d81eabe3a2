import { GridError } from '../model/error.ts';

/** The faults of a repository. `where` is its URL without user information, `why` a redacted phrase. */

export function unreachable(where: string, why: string, cause?: unknown): GridError {
  return new GridError({
    code: 'repository-unreachable',
    message: `Cannot reach ${where}: ${why}.`,
    hint: 'Nothing changes until it answers again; it is tried again by itself.',
    retry: 'later',
    cause,
  });
}

export function refused(where: string, why: string): GridError {
  return new GridError({
    code: 'repository-refused',
    message: `${where} refuses access: ${why}.`,
    hint: 'Check the URL, and the credentials or the ssh key with its known_hosts entry.',
  });
}

export function branchMissing(where: string, ref: string): GridError {
  const branch = ref.replace(/^refs\/heads\//, '');
  return new GridError({
    code: 'branch-missing',
    message: `${where} has no branch ${branch}: it was deleted or renamed, or the repository is empty.`,
    hint: 'What is deployed stays as it is. Push the branch again or configure another one.',
    retry: 'later',
  });
}

export function tooLarge(where: string, what: string, hint: string): GridError {
  return new GridError({
    code: 'repository-too-large',
    message: `${where} is too large: ${what}.`,
    hint,
  });
}

export function unsupported(where: string, why: string, hint: string): GridError {
  return new GridError({
    code: 'unsupported-repository',
    message: `Cannot work with ${where}: ${why}.`,
    hint,
  });
}

export function damaged(where: string, why: string, cause?: unknown): GridError {
  return new GridError({
    code: 'repository-damaged',
    message: `The local mirror of ${where} is damaged: ${why}.`,
    hint: 'It is cloned again at the next sync.',
    retry: 'later',
    cause,
  });
}

export function unmergeable(where: string, why: string): GridError {
  return new GridError({
    code: 'internal',
    message: `Cannot merge two commits of ${where}: ${why}.`,
    hint: 'Merge them by hand and push the result.',
  });
}

/** The remote repository could take the commit, and does not. */
export function notTaken(where: string, why: string, cause?: unknown): GridError {
  return new GridError({
    code: 'repository-refused',
    message: `${where} does not take the commit: ${why}.`,
    hint: 'Open a pull request with it instead (--pr), or revert by hand: git revert, then git push.',
    cause,
  });
}

export const installGit =
  'Install git 2.30 or newer on the master (apt install git) and leave git.engine at "auto".';
