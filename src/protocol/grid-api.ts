import Type from 'typebox';
import type { Decoded } from './api.ts';
import { count, list, text } from './api-parts.ts';
import { DeploySummary } from './deploy-api.ts';
import { Closed, Freeze } from './freeze-api.ts';
import { Problem } from './problem-api.ts';
import { SourceFault } from './repository-api.ts';
import { nullable } from './schema-parts.ts';

export const GridStatus = Type.Object({
  name: text,
  repository: Type.Optional(
    Type.String({
      description: 'The one that it is in, by name; absent: in none that is followed.',
    }),
  ),
  head: nullable(Type.String({ description: 'The commit the branch points at.' })),
  deployed: nullable(Type.String({ description: 'The newest commit that converged.' })),
  converged: Type.Boolean({ description: 'Nothing is left to do for the newest good revision.' }),
  deploy: nullable(DeploySummary),
  /** Absent: commits are deployed as they come. */
  closed: Type.Optional(Closed),
  freeze: Type.Optional(Freeze),
  problems: list(Problem),
  /** Stacks from other repositories, as they are wanted now; absent: there are none. */
  foreign: Type.Optional(list(Type.Object({ stack: text, repository: text, sha: text }))),
  fault: nullable(SourceFault),
  counts: Type.Object({
    nodes: count,
    nodesOnline: count,
    services: count,
    wanted: count,
    ready: count,
    failing: count,
    blocked: count,
  }),
});

export const GridList = Type.Object({ grids: list(GridStatus) });

export type GridStatus = Decoded<typeof GridStatus>;
export type GridList = Decoded<typeof GridList>;
