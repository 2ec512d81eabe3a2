import type { Db } from './tables.ts';

/** The newest network map of one grid, as it was signed. Written by the master only. */
export interface StoredNetworkMap {
  readonly grid: string;
  readonly version: number;
  /** JSON text of model NetworkMap. */
  readonly payload: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** One row a grid: it grows with nothing else. */
export interface NetworkMaps {
  /** By grid. */
  list(): Promise<readonly StoredNetworkMap[]>;
  /** Only a newer version replaces what is there; false when it is not newer. */
  put(map: StoredNetworkMap): Promise<boolean>;
  /** False when there was none. The version is forgotten: only for what cannot be read. */
  remove(grid: string): Promise<boolean>;
}

export function createNetworkMaps(db: Db): NetworkMaps {
  return {
    list: async () => await db.selectFrom('networkMaps').selectAll().orderBy('grid').execute(),
    put: async ({ grid, version, payload, at }) => {
      const result = await db
        .insertInto('networkMaps')
        .values({ grid, version, payload, at })
        .onConflict((conflict) =>
          conflict
            .column('grid')
            .doUpdateSet({ version, payload, at })
            .where('networkMaps.version', '<', version),
        )
        .executeTakeFirst();
      return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    remove: async (grid) => {
      const result = await db.deleteFrom('networkMaps').where('grid', '=', grid).executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
  };
}
