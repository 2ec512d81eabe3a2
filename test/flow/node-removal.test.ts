import { rm } from 'node:fs/promises';
import { afterEach, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { eventually, type World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

it('a node whose removal was interrupted is removed by asking again, and its name is free', async () => {
  let isFull = false;
  const store = (opened: Store): Store => ({
    ...opened,
    assignments: {
      ...opened.assignments,
      remove: async (grid, node) => {
        if (isFull) throw new Error('no space left on device');
        return await opened.assignments.remove(grid, node);
      },
    },
  });
  const web = (image: string) => ({ [stackFile('web')]: stackOf('web', { image, instances: 2 }) });
  const started = await startFlowWorld({
    files: { 'grid.yml': '', ...web('demo:1') },
    masterPorts: { store },
  });
  world = started.world;
  await world.final(await world.work.head());
  await world.agents.get('node-2')?.stop();
  const remove = async () => await world.apiStatus('DELETE', `grids/${world.grid}/nodes/node-2`);

  isFull = true;
  await eventually(
    async () => ((await remove()) === 500 ? true : null),
    'a removal that is interrupted',
  );
  isFull = false;
  await world.stopMaster();
  await world.startMaster();

  expect(await remove()).toBe(204);
  await rm((await world.agentOptions('node-2')).directory, { recursive: true });
  await world.startAgent('node-2');
  expect(await world.final(await world.push(web('demo:2')))).toMatchObject({ state: 'success' });
});
