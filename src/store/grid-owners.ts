import type { Db } from './tables.ts';

/** Which repository a grid belongs to, by name: the one that had it first. It outlives what the repository has now. */
export interface GridOwnerRecord {
  readonly grid: string;
  readonly repository: string;
}

export interface GridOwnerRecords {
  list(): Promise<readonly GridOwnerRecord[]>;
  put(owner: GridOwnerRecord, at: number): Promise<void>;
}

export function createGridOwners(db: Db): GridOwnerRecords {
  return {
    list: async () =>
      await db.selectFrom('gridOwners').select(['grid', 'repository']).orderBy('grid').execute(),
    put: async ({ grid, repository }, at) => {
      await db
        .insertInto('gridOwners')
        .values({ grid, repository, at })
        .onConflict((conflict) => conflict.column('grid').doUpdateSet({ repository, at }))
        .execute();
    },
  };
}
