import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, type World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

const FLOOD = 300;

let world: World;

beforeEach(async () => {
  ({ world } = await startFlowWorld({
    files: { 'grid.yml': '', [stackFile('web')]: stackOf('web') },
  }));
  await world.final(await world.work.head());
});

afterEach(async () => {
  await world.stop();
});

describe('a forge that', () => {
  it('answers 500 to every status keeps no commit from being deployed, and is told when it is back', async () => {
    world.github.disturb({ kind: 'server-error', status: 500, times: 10_000 });
    const sha = await world.push({ [stackFile('web')]: stackOf('web', { image: 'demo:2' }) });

    await eventually(async () => await deployed(sha), 'the deploy to succeed');
    expect(world.github.statuses(sha)).toEqual([]);
    world.github.calm();

    expect(await world.final(sha, 60_000)).toMatchObject({ state: 'success' });
  });

  it('hangs up after it has taken a status hears the same verdict again, and no other one', async () => {
    world.github.disturb({ kind: 'hang-up', afterDoing: true, times: 2 });
    const sha = await world.push({ [stackFile('web')]: stackOf('web', { image: 'demo:2' }) });

    await world.final(sha);
    await eventually(async () => await deployed(sha), 'the deploy to succeed');
    const verdicts = world.github.statuses(sha).filter(({ state }) => state !== 'pending');
    expect(new Set(verdicts.map(({ description }) => description)).size).toBe(1);
  });
});

describe('webhooks', () => {
  it('in a flood are looked into together, and a push among them is deployed', async () => {
    const head = await world.work.head();
    const asked = world.github.git.requests.length;
    const flood = Array.from({ length: FLOOD }, async () => await world.announcePush(head));
    const sha = await world.push({ [stackFile('web')]: stackOf('web', { image: 'demo:2' }) });
    await Promise.all(flood);

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    const looks = world.github.git.requests
      .slice(asked)
      .filter(({ operation }) => operation === 'list');
    expect(looks.length).toBeLessThan(FLOOD / 4);
  });

  it('that name another address of the repository make nobody ask there', async () => {
    let asked = 0;
    const elsewhere = createServer((_request, response) => {
      asked += 1;
      response.end();
    });
    await new Promise<void>((resolve) => void elsewhere.listen(0, '127.0.0.1', resolve));
    const { port } = elsewhere.address() as AddressInfo;
    const sha = await world.push({ [stackFile('web')]: stackOf('web', { image: 'demo:2' }) });
    await world.announcePush(sha, `http://127.0.0.1:${port}/acme/grids.git`);

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    elsewhere.close();
    expect(asked).toBe(0);
  });
});

async function deployed(sha: string): Promise<true | null> {
  const [newest] = await world.deploys();
  return newest?.sha === sha && newest.phase === 'succeeded' ? true : null;
}
