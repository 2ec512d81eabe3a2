import { GridError } from '../model/error.ts';

// Why a grid does not go back, and what to do.

export function nothingToDo(grid: string, to: string, kept: readonly string[]): GridError {
  return new GridError({
    code: 'invalid-request',
    message: `grid ${grid} is as it was at ${to.slice(0, 12)}: there is nothing to bring back`,
    hint: kept.length === 0 ? 'Name another commit: --to REV.' : 'secrets.yml differs: --secrets.',
  });
}

export function mustBeSigned(grid: string, to: string): GridError {
  return new GridError({
    code: 'invalid-request',
    message: `commits of grid ${grid} must be signed by a person, and a commit of the master is not`,
    hint: `In a clone: git checkout ${to.slice(0, 12)} -- grids/${grid}, then git commit -S and git push.`,
  });
}

export function noForge(): GridError {
  return new GridError({
    code: 'invalid-request',
    message: 'no pull request can be opened: this master knows no code host',
    hint: 'Leave --pr out to push to the branch, or configure the code host.',
  });
}

export function isAsked(branch: string): GridError {
  return new GridError({
    code: 'invalid-request',
    message: `there is a branch ${branch} already: going back was asked for before`,
    hint: 'Merge its pull request. Or delete the branch, and ask again.',
  });
}
