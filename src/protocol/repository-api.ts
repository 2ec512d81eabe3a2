import Type from 'typebox';
import type { Decoded } from './api.ts';
import { list, Time, text } from './api-parts.ts';
import { nullable } from './schema-parts.ts';

/** Why the repository cannot be read; the last good revision stays live meanwhile. */
export const SourceFault = Type.Object({
  code: text,
  message: text,
  hint: Type.Optional(text),
  since: Time,
});

/** A repository that the master follows. */
export const RepositoryStatus = Type.Object({
  name: text,
  url: Type.String({ description: 'Without a user name or password.' }),
  branch: text,
  holds: Type.Enum(['grids', 'stacks', 'both']),
  head: nullable(Type.String({ description: 'Where its branch was seen last.' })),
  syncedAt: nullable(Time),
  fault: nullable(SourceFault),
  grids: list(Type.String({ description: 'Those that belong to it.' })),
  refused: list(
    Type.Object({
      grid: text,
      owner: Type.String({ description: 'The repository that had it first.' }),
    }),
  ),
  waiting: list(
    Type.String({
      description:
        'Grids that nobody has yet: a repository before this one in the settings was never read.',
    }),
  ),
});

export const RepositoryList = Type.Object({ repositories: list(RepositoryStatus) });

export type RepositoryStatus = Decoded<typeof RepositoryStatus>;
export type RepositoryList = Decoded<typeof RepositoryList>;
