import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore, type Store } from '../../src/store/store.ts';

const stranger = { grid: 'prod', publicKey: 'key', facts: null, lastSeenAt: 1 };

let folder = '';
const opened: Store[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridops-store-'));
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(path: string): Promise<Store> {
  const store = await openStore({ path });
  opened.push(store);
  return store;
}

async function assign(store: Store, generation: number): Promise<boolean> {
  return await store.assignments.put({
    grid: 'prod',
    node: 'web-1',
    generation,
    payload: 'x'.repeat(500),
    at: 1,
  });
}

describe('opening', () => {
  test('creates the folder and a file that only its owner may read', async () => {
    const path = join(folder, 'a', 'b', 'gridops.db');

    const store = await open(path);
    await store.revisions.putHead('acme/infra', 'abc', 1);

    expect(statSync(path).mode & 0o077).toBe(0);
    expect(statSync(`${path}-wal`).mode & 0o077).toBe(0);
  });

  test('finds everything again after closing', async () => {
    const path = join(folder, 'gridops.db');
    const first = await openStore({ path });
    await first.nodes.put({ ...stranger, name: 'web-1' });
    await first.close();

    const second = await open(path);

    expect(await second.nodes.get('prod', 'web-1')).toMatchObject({ joinedAt: 1 });
  });

  test('brings the file of an older gridops up to date and keeps what is in it', async () => {
    const path = join(folder, 'gridops.db');
    await (await openStore({ path })).close();
    const raw = new Database(path);
    raw.exec(`
      drop table proven;
      drop table freezes;
      drop table job_runs;
      drop table pull_requests;
      drop table comment_marks;
      drop table messages;
      create table outbox (sha text);
      drop table previews;
      drop table preview_grids;
      drop table preview_environments;
      alter table nodes drop column drained_by;
      alter table nodes drop column drained_at;
      drop table grid_owners;
      alter table deploys drop column repository;
      alter table deploys drop column sources;
      drop table network_maps;
      drop index nodes_by_key;
      alter table nodes add column number integer not null default 1;
      create unique index nodes_by_number on nodes (grid, number);
      insert into nodes (grid, name, public_key, joined_at, last_seen_at, number)
        values ('prod', 'web-1', 'key', 5, 7, 1);
      update schema_version set version = 1`);
    raw.close();

    const store = await open(path);

    expect(await store.nodes.list()).toEqual([
      {
        grid: 'prod',
        name: 'web-1',
        publicKey: 'key',
        facts: null,
        joinedAt: 5,
        lastSeenAt: 7,
        drained: null,
      },
    ]);
    expect(await store.networkMaps.list()).toEqual([]);
  });

  test('refuses a file that a newer gridops wrote, and says what to do', async () => {
    const path = join(folder, 'gridops.db');
    await (await openStore({ path })).close();
    const raw = new Database(path);
    raw.exec('update schema_version set version = 99');
    raw.close();

    const opening = openStore({ path });

    await expect(opening).rejects.toMatchObject({
      code: 'invalid-configuration',
      message: expect.stringContaining('schema 99'),
      hint: expect.stringContaining('Run that gridops version again'),
    });
  });

  test('refuses a file that is no database', async () => {
    const path = join(folder, 'gridops.db');
    writeFileSync(path, 'this is a text file, and a rather long one '.repeat(100));

    await expect(openStore({ path })).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining(`${path} is damaged`),
      hint: expect.stringContaining('nothing that is running is disturbed'),
    });
  });

  test('refuses a file with a torn page', async () => {
    const path = join(folder, 'gridops.db');
    const store = await openStore({ path });
    for (let generation = 1; generation <= 50; generation += 1)
      await store.events.append({
        at: 1,
        grid: null,
        node: null,
        path: '',
        severity: 'info',
        kind: 'tick',
        message: 'm'.repeat(2_000),
      });
    await store.close();
    const bytes = readFileSync(path);
    for (let at = 8_192; at < bytes.length; at += 4_096) bytes.fill(0x5a, at, at + 2_048);
    writeFileSync(path, bytes);

    await expect(openStore({ path })).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('is damaged'),
    });
  });

  test('says so when the place cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');

    const opening = openStore({ path: join(folder, 'file', 'gridops.db') });

    await expect(opening).rejects.toMatchObject({ code: 'invalid-configuration' });
  });

  test('works in memory', async () => {
    const store = await open(':memory:');

    await store.revisions.putHead('acme/infra', 'abc', 7);

    expect(await store.revisions.head('acme/infra')).toEqual({
      repository: 'acme/infra',
      sha: 'abc',
      at: 7,
    });
  });
});

describe('two opens of one file', () => {
  test('see each other, and a node that joins through both joins once', async () => {
    const path = join(folder, 'gridops.db');
    const [one, two] = await Promise.all([open(path), open(path)]);

    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const store = index % 2 === 0 ? one : two;
        return await store.nodes.put({ ...stranger, name: `web-${index % 5}` });
      }),
    );

    const names = (await two.nodes.list('prod')).map((node) => node.name);
    expect(names).toEqual(['web-0', 'web-1', 'web-2', 'web-3', 'web-4']);
  });

  test('give a join token to one node only', async () => {
    const path = join(folder, 'gridops.db');
    const stores = [await open(path), await open(path)];
    await stores[0]?.tokens.create({ hash: 'h', grid: 'prod', createdAt: 0, expiresAt: 100 });

    const takes = await Promise.all(
      Array.from(
        { length: 10 },
        async (_, index) =>
          await stores[index % 2]?.tokens.take({
            hash: 'h',
            now: 1,
            node: `web-${index}`,
            publicKey: `key-${index}`,
          }),
      ),
    );

    expect(takes.filter((taken) => taken?.kind === 'taken')).toHaveLength(1);
  });
});

describe('a crash', () => {
  test('in the middle of a transaction leaves nothing of it', async () => {
    const path = join(folder, 'gridops.db');
    const before = await openStore({ path });
    await assign(before, 1);
    await before.close();

    const killed = spawnSync(process.execPath, ['-e', killedWriter], {
      env: {
        ...process.env,
        STORE: path,
        DRIVER: createRequire(import.meta.url).resolve('better-sqlite3'),
      },
    });

    expect(killed.signal).toBe('SIGKILL');
    const after = await open(path);
    expect((await after.assignments.get('prod', 'web-1'))?.generation).toBe(2);
    expect(await assign(after, 3)).toBe(true);
  });

  test('at any byte of the log loses the last writes at most, never their order', async () => {
    const path = join(folder, 'gridops.db');
    const store = await open(path);
    for (let generation = 1; generation <= 20; generation += 1) await assign(store, generation);
    const log = readFileSync(`${path}-wal`);

    await fc.assert(
      fc.asyncProperty(fc.nat(log.length), fc.nat(1_000_000), async (length, number) => {
        const copy = join(folder, `crashed-${number}.db`);
        copyFileSync(path, copy);
        writeFileSync(`${copy}-wal`, log.subarray(0, length));

        const crashed = await openStore({ path: copy });
        const generation = (await crashed.assignments.get('prod', 'web-1'))?.generation ?? 0;
        expect(generation).toBeLessThanOrEqual(20);
        expect(await assign(crashed, generation)).toBe(generation === 0);
        expect(await assign(crashed, generation + 1)).toBe(true);
        await crashed.close();
        for (const suffix of ['', '-wal', '-shm']) rmSync(copy + suffix, { force: true });
      }),
      { numRuns: 40 },
    );
  });
});

/** Commits one write, leaves a second one open, and dies as a machine does. */
const killedWriter = `
  const Database = require(process.env.DRIVER);
  const file = new Database(process.env.STORE);
  file.exec('update assignments set generation = 2');
  file.exec('begin immediate');
  file.exec('update assignments set generation = 99');
  for (let n = 0; n < 2000; n += 1)
    file.prepare('insert into heads values (?, ?, 1)').run('r' + n, 's'.repeat(4000));
  process.kill(process.pid, 'SIGKILL');
`;

describe('prune', () => {
  test('leaves what is recent and forgets what is long over', async () => {
    const day = 86_400_000;
    const store = await open(':memory:');
    const key = { repository: 'acme/infra', subject: 'abc', topic: 'gridops/prod' };
    const status = { ...key, kind: 'status', content: {}, isProgress: false } as const;
    await store.outbox.want(status, { at: 0 });
    await store.outbox.want({ ...status, subject: 'def' }, { at: 90 * day });
    await store.tokens.create({ hash: 'old', grid: 'prod', createdAt: 0, expiresAt: day });
    await store.tokens.create({ hash: 'new', grid: 'prod', createdAt: 0, expiresAt: 80 * day });

    await store.prune(90 * day);

    expect((await store.outbox.unsent()).map((row) => row.subject)).toEqual(['def']);
    expect((await store.tokens.list()).map((token) => token.hash)).toEqual(['new']);
  });
});
