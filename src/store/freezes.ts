import type { Freeze } from '../model/deploy-window.ts';
import type { Db } from './tables.ts';

/** A person's word, which nothing else knows: with the store it is lost. */
export interface StoredFreeze extends Freeze {
  readonly grid: string;
}

export interface Freezes {
  /** By grid. */
  list(): Promise<readonly StoredFreeze[]>;
  /** Takes the place of an earlier one. */
  put(freeze: StoredFreeze): Promise<void>;
  remove(grid: string): Promise<void>;
  /** Those that ended before that time. */
  prune(before: number): Promise<void>;
}

export function createFreezes(db: Db): Freezes {
  return {
    list: async () => await db.selectFrom('freezes').selectAll().orderBy('grid').execute(),
    put: async ({ grid, ...freeze }) => {
      await db
        .insertInto('freezes')
        .values({ grid, ...freeze })
        .onConflict((conflict) => conflict.column('grid').doUpdateSet(freeze))
        .execute();
    },
    remove: async (grid) => {
      await db.deleteFrom('freezes').where('grid', '=', grid).execute();
    },
    prune: async (before) => {
      await db.deleteFrom('freezes').where('until', '<', before).execute();
    },
  };
}
