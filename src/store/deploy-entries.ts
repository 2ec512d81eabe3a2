import type { Db } from './tables.ts';

/** One line of a deploy's timeline. */
export interface DeployEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly kind: string;
  /** Instance path, or empty for the deploy itself. */
  readonly path: string;
  readonly message: string;
}

export interface DeployEntries {
  /** A deploy that goes on for days loses its oldest entries, never its newest. */
  addEntry(id: string, entry: DeployEntry): Promise<void>;
  /** In the order they were added. */
  entries(id: string): Promise<readonly DeployEntry[]>;
}

/** More than a person reads, and about 1 MB at most. */
const KEPT_ENTRIES = 2_000;

export function createDeployEntries(db: Db): DeployEntries {
  return {
    addEntry: async (id, entry) =>
      await db.transaction().execute(async (trx) => await add(trx, id, entry)),
    entries: async (id) =>
      await db
        .selectFrom('deployEntries')
        .select(['at', 'kind', 'path', 'message'])
        .where('deployId', '=', id)
        .orderBy('number')
        .execute(),
  };
}

async function add(trx: Db, id: string, { at, kind, path, message }: DeployEntry): Promise<void> {
  const last = await trx
    .selectFrom('deployEntries')
    .select((eb) => eb.fn.max('number').as('number'))
    .where('deployId', '=', id)
    .executeTakeFirst();
  const number = (last?.number ?? 0) + 1;
  await trx
    .insertInto('deployEntries')
    .values({ deployId: id, number, at, kind, path, message })
    .execute();
  await trx
    .deleteFrom('deployEntries')
    .where('deployId', '=', id)
    .where('number', '<=', number - KEPT_ENTRIES)
    .execute();
}
