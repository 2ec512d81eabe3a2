import type { Db } from './tables.ts';

/** The newest assignment of one node, as it was signed. Written by the master only. */
export interface StoredAssignment {
  readonly grid: string;
  readonly node: string;
  readonly generation: number;
  /** JSON text of model Assignment. */
  readonly payload: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface Assignments {
  get(grid: string, node: string): Promise<StoredAssignment | null>;
  /** By node. */
  list(grid: string): Promise<readonly StoredAssignment[]>;
  /** Only a newer generation replaces what is there; false when it is not newer. */
  put(assignment: StoredAssignment): Promise<boolean>;
  /** False when there was none. The generation is forgotten: only for nodes that are gone for good. */
  remove(grid: string, node: string): Promise<boolean>;
}

export function createAssignments(db: Db): Assignments {
  return {
    get: async (grid, node) => {
      const row = await db
        .selectFrom('assignments')
        .selectAll()
        .where('grid', '=', grid)
        .where('node', '=', node)
        .executeTakeFirst();
      return row ?? null;
    },
    list: async (grid) =>
      await db
        .selectFrom('assignments')
        .selectAll()
        .where('grid', '=', grid)
        .orderBy('node')
        .execute(),
    put: async ({ grid, node, generation, payload, at }) => {
      const result = await db
        .insertInto('assignments')
        .values({ grid, node, generation, payload, at })
        .onConflict((conflict) =>
          conflict
            .columns(['grid', 'node'])
            .doUpdateSet({ generation, payload, at })
            .where('assignments.generation', '<', generation),
        )
        .executeTakeFirst();
      return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    remove: async (grid, node) => {
      const result = await db
        .deleteFrom('assignments')
        .where('grid', '=', grid)
        .where('node', '=', node)
        .executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
  };
}
