import type { GridStatus } from '../protocol/grid-api.ts';
import type { RepositoryStatus } from '../protocol/repository-api.ts';
import type { GridOwners } from './grid-owners.ts';
import type { Repositories } from './repositories.ts';
import type { RepositoryState } from './repository-loop.ts';

/** The repositories as the API shows them, in the order of the settings. */
export function repositoryStatuses(of: {
  readonly repositories: Repositories;
  readonly owners: GridOwners;
}): readonly RepositoryStatus[] {
  const { owners } = of;
  return of.repositories.parts.map((part) => {
    const { name, options, repository, loop } = part;
    const { head, syncedAt, error } = loop.state;
    return {
      name,
      url: repository.url,
      branch: options.repository.branch,
      holds: options.holds,
      head: head ?? repository.head,
      syncedAt,
      fault: faultReply(error),
      grids: part.grids(),
      refused: owners.refusedTo(name).map(({ grid, repository: owner }) => ({ grid, owner })),
      waiting: owners.waitingOf(name),
    };
  });
}

export function faultReply(error: RepositoryState['error']): GridStatus['fault'] {
  if (error === null) return null;
  const { code, message, since, hint } = error;
  return { code, message, since, ...(hint === null ? {} : { hint }) };
}
