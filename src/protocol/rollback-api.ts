import Type from 'typebox';
import type { Decoded } from './api.ts';
import { Sha, text } from './api-parts.ts';
import { nullable } from './schema-parts.ts';

/** What a grid is to go back to, and how. */
export const RollbackRequest = Type.Object(
  {
    to: Type.Optional(
      Type.String({
        pattern: '^[0-9a-f]{7,64}$',
        description:
          'A commit, or how its id begins; the newest that was deployed with success before what is there now if absent.',
      }),
    ),
    dryRun: Type.Optional(Type.Boolean({ description: 'Only say what would be done.' })),
    pullRequest: Type.Optional(
      Type.Boolean({ description: 'Open a pull request rather than pushing to the branch.' }),
    ),
    reason: Type.Optional(Type.String({ maxLength: 500, description: 'The commit says it.' })),
    by: Type.Optional(
      Type.String({ maxLength: 100, description: "Who asks; the commit's author." }),
    ),
    head: Type.Optional(
      Type.String({
        pattern: '^[0-9a-f]{40,64}$',
        description: 'Refuse when what would be restored has changed since this commit.',
      }),
    ),
    shared: Type.Optional(
      Type.Boolean({ description: 'Also files of stacks/ that other grids use as they are now.' }),
    ),
    secrets: Type.Optional(
      Type.Boolean({ description: 'Also secrets.yml, which else stays as it is now.' }),
    ),
  },
  { additionalProperties: false },
);

const FileChange = Type.Object({ path: text, kind: Type.Enum(['added', 'changed', 'removed']) });
const Undone = Type.Object({ sha: Sha, author: text, message: text });

export const Rollback = Type.Object({
  grid: text,
  branch: text,
  head: Type.String({ description: 'The commit that it is undone from.' }),
  to: Sha,
  message: Type.String({ description: 'The first line of the commit that is gone back to.' }),
  files: Type.Array(FileChange, { description: 'What becomes of files.' }),
  kept: Type.Array(text, { description: 'Files that differ and stay as they are now.' }),
  undoes: Type.Array(Undone, { description: 'Commits that touched them since, newest first.' }),
  others: Type.Array(text, { description: 'Grids that change as well, by files of stacks/.' }),
  plan: nullable(text),
  done: nullable(
    Type.Union([
      Type.Object({ kind: Type.Literal('pushed'), commit: Sha }),
      Type.Object({
        kind: Type.Literal('requested'),
        commit: Sha,
        branch: text,
        number: Type.Integer(),
        url: text,
      }),
    ]),
  ),
});

export type RollbackRequest = Decoded<typeof RollbackRequest>;
export type Rollback = Decoded<typeof Rollback>;
