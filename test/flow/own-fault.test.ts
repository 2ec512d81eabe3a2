import { afterEach, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import type { World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

it('a commit that we cannot deploy is in error, not failed, until we can', async () => {
  let isBroken = false;
  const store = (opened: Store): Store => ({
    ...opened,
    revisions: {
      ...opened.revisions,
      putGood: async (good) => {
        if (isBroken) throw new Error('no space left on device');
        await opened.revisions.putGood(good);
      },
    },
  });
  const files = (image: string) => ({ [stackFile('web')]: stackOf('web', { image }) });
  const started = await startFlowWorld({
    files: { 'grid.yml': '', ...files('demo:1') },
    masterPorts: { store },
  });
  world = started.world;
  await world.final(await world.work.head());

  isBroken = true;
  const sha = await world.push(files('demo:2'));

  expect(await world.final(sha)).toMatchObject({
    state: 'error',
    description: 'no space left on device; trying again',
    targetUrl: `https://gridops.example.com/grids/${world.grid}`,
  });
  const events = await world.events();
  expect(events.map((event) => event.kind)).toContain('controller-failed');
  expect((await world.instances()).every((one) => one.state === 'running')).toBe(true);

  isBroken = false;
  await world.status(sha, (status) => status.state === 'success');
});
