import type { ObservedInstance } from '../model/observed.ts';
import { fromJson } from './json.ts';
import type { Db, Row } from './tables.ts';

/** What a node last reported, complete. Written from agents' observations only. */
export interface StoredObservation {
  readonly grid: string;
  readonly node: string;
  /** Of the assignment that the node went by. */
  readonly generation: number;
  readonly instances: readonly ObservedInstance[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface Observations {
  get(grid: string, node: string): Promise<StoredObservation | null>;
  /** By node. */
  list(grid: string): Promise<readonly StoredObservation[]>;
  /** All of them or none. */
  put(observations: readonly StoredObservation[]): Promise<void>;
  /** False when there was none. */
  remove(grid: string, node: string): Promise<boolean>;
}

export function createObservations(db: Db): Observations {
  return {
    get: async (grid, node) => {
      const row = await db
        .selectFrom('observations')
        .selectAll()
        .where('grid', '=', grid)
        .where('node', '=', node)
        .executeTakeFirst();
      return row === undefined ? null : toObservation(row);
    },
    list: async (grid) => {
      const rows = await db
        .selectFrom('observations')
        .selectAll()
        .where('grid', '=', grid)
        .orderBy('node')
        .execute();
      return rows.map(toObservation);
    },
    put: async (observations) =>
      await db.transaction().execute(async (trx) => {
        for (const one of observations) await put(trx, one);
      }),
    remove: async (grid, node) => {
      const result = await db
        .deleteFrom('observations')
        .where('grid', '=', grid)
        .where('node', '=', node)
        .executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
  };
}

async function put(trx: Db, of: StoredObservation): Promise<void> {
  const { grid, node, generation, instances, at } = of;
  const columns = { generation, instances: JSON.stringify(instances), at };
  await trx
    .insertInto('observations')
    .values({ grid, node, ...columns })
    .onConflict((conflict) => conflict.columns(['grid', 'node']).doUpdateSet(columns))
    .execute();
}

function toObservation(row: Row<'observations'>): StoredObservation {
  return { ...row, instances: fromJson<ObservedInstance[]>(row.instances) };
}
