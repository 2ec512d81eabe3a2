import type { Service } from '../model/grid.ts';
import type { Failure } from '../model/observed.ts';
import { serviceFromJson, serviceToJson } from './definition-json.ts';
import { fromJson } from './json.ts';
import type { Db, Row } from './tables.ts';

/** A service as it was when it last was fully rolled out and served. Written by the grid's controller only. */
export interface ProvenService {
  readonly grid: string;
  /** `stack/service` */
  readonly path: string;
  readonly definition: Service;
  /** The commit that it was of. */
  readonly revision: string;
  /** What it was rolled back from; `null`: it was not. */
  readonly rejected: RejectedSpec | null;
}

/** A spec that failed, and the instance that showed it. */
export interface RejectedSpec {
  readonly specHash: string;
  readonly number: number;
  readonly node: string;
  readonly failure: Failure;
}

/** Lost, it costs the way back: what fails then is held. */
export interface Proven {
  /** By path. */
  list(grid: string): Promise<readonly ProvenService[]>;
  /** All of them or none; each in place of what was known of its path. */
  put(services: readonly ProvenService[], at: number): Promise<void>;
  remove(grid: string, paths: readonly string[]): Promise<void>;
}

export function createProven(db: Db): Proven {
  return {
    list: async (grid) => {
      const rows = await db
        .selectFrom('proven')
        .selectAll()
        .where('grid', '=', grid)
        .orderBy('path')
        .execute();
      return rows.map(toProven);
    },
    put: async (services, at) =>
      await db.transaction().execute(async (trx) => {
        for (const one of services) await put(trx, one, at);
      }),
    remove: async (grid, paths) =>
      await db.transaction().execute(async (trx) => {
        for (const path of paths)
          await trx
            .deleteFrom('proven')
            .where('grid', '=', grid)
            .where('path', '=', path)
            .execute();
      }),
  };
}

async function put(trx: Db, of: ProvenService, at: number): Promise<void> {
  const { grid, path, definition, revision, rejected } = of;
  const columns = {
    definition: serviceToJson(definition),
    revision,
    rejected: rejected === null ? null : JSON.stringify(rejected),
    at,
  };
  await trx
    .insertInto('proven')
    .values({ grid, path, ...columns })
    .onConflict((conflict) => conflict.columns(['grid', 'path']).doUpdateSet(columns))
    .execute();
}

function toProven({ grid, path, definition, revision, rejected }: Row<'proven'>): ProvenService {
  return {
    grid,
    path,
    definition: serviceFromJson(definition),
    revision,
    rejected: rejected === null ? null : fromJson<RejectedSpec>(rejected),
  };
}
