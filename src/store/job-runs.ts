import type { JobRun } from '../model/job.ts';
import { fromJson } from './json.ts';
import type { Db } from './tables.ts';

/** A run of a job that is over, and the node that it was on. Written from agents' observations only. */
export interface StoredRun extends JobRun {
  readonly grid: string;
  /** `stack/service` */
  readonly service: string;
  readonly node: string;
}

export interface JobRuns {
  grids(): Promise<readonly string[]>;
  /** Oldest first. */
  list(grid: string): Promise<readonly StoredRun[]>;
  /** All of them or none; those that are known already are fine. */
  put(runs: readonly StoredRun[]): Promise<void>;
  /** Leaves the newest ones of a service. */
  trim(of: {
    readonly grid: string;
    readonly service: string;
    readonly keep: number;
  }): Promise<void>;
}

export function createJobRuns(db: Db): JobRuns {
  return {
    grids: async () => {
      const rows = await db.selectFrom('jobRuns').select('grid').distinct().execute();
      return rows.map((row) => row.grid);
    },
    list: async (grid) => {
      const rows = await db
        .selectFrom('jobRuns')
        .selectAll()
        .where('grid', '=', grid)
        .orderBy('service')
        .orderBy('finishedAt')
        .orderBy('id')
        .orderBy('attempt')
        .execute();
      return rows.map((row) => ({ ...row, log: fromJson<string[]>(row.log) }));
    },
    put: async (runs) =>
      await db.transaction().execute(async (trx) => {
        for (const run of runs)
          await trx
            .insertInto('jobRuns')
            .values({ ...run, log: JSON.stringify(run.log) })
            .onConflict((conflict) => conflict.doNothing())
            .execute();
      }),
    trim: async ({ grid, service, keep }) => {
      const oldest = await db
        .selectFrom('jobRuns')
        .select('finishedAt')
        .where('grid', '=', grid)
        .where('service', '=', service)
        .orderBy('finishedAt', 'desc')
        .limit(1)
        .offset(keep)
        .executeTakeFirst();
      if (oldest === undefined) return;
      await db
        .deleteFrom('jobRuns')
        .where('grid', '=', grid)
        .where('service', '=', service)
        .where('finishedAt', '<=', oldest.finishedAt)
        .execute();
    },
  };
}
