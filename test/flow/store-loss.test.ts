import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { FakeEngine } from '../support/fake-engine.ts';
import type { World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;
let engine: FakeEngine;

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

async function loseStore(): Promise<void> {
  for (const suffix of ['', '-wal', '-shm'])
    await rm(join(world.masterData, `gridops.db${suffix}`), { force: true });
}

const web = (image: string) => ({ [stackFile('web')]: stackOf('web', { instances: 4, image }) });

describe('deleting the store', () => {
  it('in the middle of a deploy disturbs no healthy container, and the deploy converges', async () => {
    ({ world, engine } = await startFlowWorld({
      files: {
        'grid.yml': 'deploy: {timeout: 1h}\n',
        ...web('demo:1'),
        [stackFile('db')]: stackOf('db', { more: '    stateful: true\n' }),
      },
    }));
    await world.final(await world.work.head());
    const db = engine.get('db.db-1').id;
    const old = engine.get('web.web-4').id;
    const stuck = await world.push(web('deaf:1'));
    await world.status(stuck, (status) => status.description?.includes('updated') === true);

    await world.stopMaster();
    await loseStore();
    const journal = engine.journal.length;
    await world.startMaster();
    const next = await world.push(web('demo:2'));

    expect(await world.final(next)).toMatchObject({ state: 'success' });
    expect(engine.get('db.db-1').id).toBe(db);
    expect(engine.get('web.web-4').id).not.toBe(old);
    const touched = engine.journal.slice(journal).filter((entry) => entry.includes('db.db-1'));
    expect(touched).toEqual([]);
  });

  it('leaves everything as it is when the commit is deployed already', async () => {
    ({ world, engine } = await startFlowWorld({ files: { 'grid.yml': '', ...web('demo:1') } }));
    const sha = await world.work.head();
    await world.final(sha);
    const before = engine.names.map((name) => engine.get(name).id);
    const journal = engine.journal.length;
    const statuses = world.github.statuses(sha).length;

    await world.stopMaster();
    await loseStore();
    await world.startMaster();

    await world.github.waitForRequest(
      (request) =>
        request.path.includes('/statuses/') && world.github.statuses(sha).length > statuses,
    );
    expect(await world.status(sha, (status) => status.state === 'success')).toBeDefined();
    expect(engine.names.map((name) => engine.get(name).id)).toEqual(before);
    expect(engine.journal.slice(journal)).toEqual([]);
  });
});
