import Database from 'better-sqlite3';
import { Kysely, sql } from 'kysely';
import { afterEach, expect, it } from 'vitest';
import { SharedFileDialect } from '../../src/store/sqlite-dialect.ts';

const database = new Database(':memory:');
const db = new Kysely<{ rows: { text: string } }>({
  dialect: new SharedFileDialect(database, (error) => error as Error),
});

afterEach(async () => {
  await db.destroy();
});

it('says that the disk is full where SQLite has rolled back by itself', async () => {
  await sql`create table rows (text text not null)`.execute(db);
  database.pragma('max_page_count = 4');
  const large = db.transaction().execute(async (trx) => {
    await trx
      .insertInto('rows')
      .values({ text: 'x'.repeat(100_000) })
      .execute();
  });
  await expect(large).rejects.toThrow('database or disk is full');
  database.pragma('max_page_count = 1000');
  await db.transaction().execute(async (trx) => {
    await trx.insertInto('rows').values({ text: 'again' }).execute();
  });
  expect(await db.selectFrom('rows').select('text').execute()).toEqual([{ text: 'again' }]);
});
