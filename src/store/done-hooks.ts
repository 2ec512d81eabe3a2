import type { Db } from './tables.ts';

/** A oneshot hook that has succeeded, once and for all. Written from agents' observations only. */
export interface DoneHook {
  readonly grid: string;
  /** `stack/service` */
  readonly service: string;
  /** Of the instance. */
  readonly number: number;
  /** Its key: `pre-start/migrate`. */
  readonly hook: string;
}

export interface DoneHooks {
  /** By service, number and hook. */
  list(grid: string): Promise<readonly DoneHook[]>;
  grids(): Promise<readonly string[]>;
  /** All of them or none; those that are known already are fine. */
  put(hooks: readonly DoneHook[], at: number): Promise<void>;
  /** What a service has done ends with the service. */
  remove(grid: string, service: string): Promise<void>;
  /** Leaves the newest specs that a job has succeeded with. */
  trimJobs(of: {
    readonly grid: string;
    readonly service: string;
    readonly keep: number;
  }): Promise<void>;
}

export function createDoneHooks(db: Db): DoneHooks {
  return {
    list: async (grid) =>
      await db
        .selectFrom('doneHooks')
        .select(['grid', 'service', 'number', 'hook'])
        .where('grid', '=', grid)
        .orderBy('service')
        .orderBy('number')
        .orderBy('hook')
        .execute(),
    grids: async () => {
      const rows = await db.selectFrom('doneHooks').select('grid').distinct().execute();
      return rows.map((row) => row.grid);
    },
    put: async (hooks, at) =>
      await db.transaction().execute(async (trx) => {
        for (const { grid, service, number, hook } of hooks)
          await trx
            .insertInto('doneHooks')
            .values({ grid, service, number, hook, at })
            .onConflict((conflict) => conflict.doNothing())
            .execute();
      }),
    remove: async (grid, service) => {
      await db
        .deleteFrom('doneHooks')
        .where('grid', '=', grid)
        .where('service', '=', service)
        .execute();
    },
    trimJobs: async ({ grid, service, keep }) => {
      const rows = await db
        .selectFrom('doneHooks')
        .select('hook')
        .where('grid', '=', grid)
        .where('service', '=', service)
        .where('hook', 'like', 'job/%')
        .orderBy('at', 'desc')
        .offset(keep)
        .limit(1_000)
        .execute();
      if (rows.length === 0) return;
      await db
        .deleteFrom('doneHooks')
        .where('grid', '=', grid)
        .where('service', '=', service)
        .where(
          'hook',
          'in',
          rows.map(({ hook }) => hook),
        )
        .execute();
    },
  };
}
