import { missing, type SmallCall } from './dialect.ts';
import type { Person, SmallPull, SmallRepository } from './state.ts';

/** The pull request that a request is about. */
export function pullOf(
  { repository, parameters }: SmallCall,
  message = '404 Not found',
): SmallPull {
  const pull = repository.pulls.find(({ number }) => String(number) === parameters['number']);
  if (pull === undefined) throw missing(message);
  return pull;
}

export interface NewPull {
  readonly title: string;
  readonly body: string;
  readonly author: Person;
  /** Where its branch is. */
  readonly from: SmallRepository;
  readonly branch: string;
  readonly base: string;
  readonly head: string;
  readonly isDraft: boolean;
}

export function addPull(repository: SmallRepository, of: NewPull): SmallPull {
  const pull: SmallPull = {
    ...of,
    number: repository.pulls.length + 1,
    state: 'open',
    mergeCommit: null,
    updatedAt: Date.now(),
    comments: [],
  };
  repository.pulls.push(pull);
  return pull;
}

export function openTwin(
  { repository }: SmallCall,
  { branch, base }: Pick<NewPull, 'branch' | 'base'>,
): SmallPull | undefined {
  return repository.pulls.find(
    (each) => each.branch === branch && each.base === base && each.state === 'open',
  );
}

/** What a branch of the repository itself points at; `null`: there is no such branch. */
export async function headOf({ repository }: SmallCall, branch: string): Promise<string | null> {
  return await repository.git.resolve(`refs/heads/${branch}`);
}
