import type { Grid, Stack } from '../model/grid.ts';
import { DEFAULT_MTU } from '../model/network.ts';
import { stacksFromJson, stacksToJson } from './definition-json.ts';
import { fromJson } from './json.ts';
import type { Db } from './tables.ts';

/** The last good definition of a grid: what a stack that has problems now falls back to. */
export interface GoodRevision {
  readonly grid: string;
  /** The newest commit that contributed. */
  readonly sha: string;
  readonly inputs: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly gridDefinition: Grid;
  /** The last good definition of each stack. */
  readonly stacks: readonly Stack[];
  /** Names of stacks that never had a good definition. */
  readonly held: readonly string[];
}

/** Where a repository's branch was last seen. */
export interface Head {
  readonly repository: string;
  readonly sha: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Definitions that an older gridops wrote say nothing of the MTU. */
type StoredGrid = Omit<Grid, 'mtu'> & Partial<Pick<Grid, 'mtu'>>;

export interface Revisions {
  /** Every grid that once had a good definition, by name. */
  grids(): Promise<readonly string[]>;
  lastGood(grid: string): Promise<GoodRevision | null>;
  putGood(revision: GoodRevision): Promise<void>;
  head(repository: string): Promise<Head | null>;
  putHead(repository: string, sha: string, at: number): Promise<void>;
}

export function createRevisions(db: Db): Revisions {
  return {
    grids: async () => {
      const rows = await db.selectFrom('revisions').select('grid').orderBy('grid').execute();
      return rows.map((row) => row.grid);
    },
    lastGood: async (grid) => {
      const row = await db
        .selectFrom('revisions')
        .selectAll()
        .where('grid', '=', grid)
        .executeTakeFirst();
      if (row === undefined) return null;
      const stored = fromJson<StoredGrid>(row.gridDefinition);
      const gridDefinition = { ...stored, mtu: stored.mtu ?? DEFAULT_MTU };
      return {
        ...row,
        gridDefinition,
        stacks: stacksFromJson(row.stacks),
        held: fromJson<string[]>(row.held),
      };
    },
    putGood: async ({ grid, sha, inputs, at, gridDefinition, stacks, held }) => {
      const columns = {
        sha,
        inputs,
        at,
        gridDefinition: JSON.stringify(gridDefinition),
        stacks: stacksToJson(stacks),
        held: JSON.stringify(held),
      };
      await db
        .insertInto('revisions')
        .values({ grid, ...columns })
        .onConflict((conflict) => conflict.column('grid').doUpdateSet(columns))
        .execute();
    },
    head: async (repository) => {
      const row = await db
        .selectFrom('heads')
        .selectAll()
        .where('repository', '=', repository)
        .executeTakeFirst();
      return row ?? null;
    },
    putHead: async (repository, sha, at) => {
      await db
        .insertInto('heads')
        .values({ repository, sha, at })
        .onConflict((conflict) => conflict.column('repository').doUpdateSet({ sha, at }))
        .execute();
    },
  };
}
