import { afterEach, expect, it } from 'vitest';
import type { NodeList, NodeStatus } from '../../src/protocol/node-api.ts';
import { eventually, type World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;

afterEach(async () => {
  await world.stop();
});

async function wish(node: string, availability: string): Promise<NodeStatus> {
  const path = `grids/${world.grid}/nodes/${node}/availability`;
  return await world.api<NodeStatus>(path, { availability }, 'PUT');
}

async function homes(): Promise<readonly string[]> {
  return (await world.instances())
    .filter((one) => one.state === 'running' && one.stack === 'web')
    .map((one) => one.node ?? '')
    .toSorted();
}

async function until(expected: readonly string[]): Promise<void> {
  await eventually(
    async () => ((await homes()).join() === expected.join() ? true : null),
    `instances on ${expected.join()}`,
  );
}

it('a drained node loses its instances once others serve, also over a restart, until it is activated', async () => {
  ({ world } = await startFlowWorld({
    files: { 'grid.yml': '', [stackFile('web')]: stackOf('web', { instances: 2 }) },
  }));
  await world.final(await world.work.head());
  await until(['node-1', 'node-2']);

  expect(await wish('node-1', 'drain')).toMatchObject({
    availability: 'drain',
    drained: { by: 'api' },
  });

  await until(['node-2', 'node-2']);
  await world.stopMaster();
  await world.startMaster();
  const scaled = await world.push({ [stackFile('web')]: stackOf('web', { instances: 3 }) });
  expect(await world.final(scaled)).toMatchObject({ state: 'success' });
  await until(['node-2', 'node-2', 'node-2']);

  expect(await wish('node-1', 'active')).toMatchObject({ availability: 'active' });
  const more = await world.push({ [stackFile('web')]: stackOf('web', { instances: 4 }) });
  await world.final(more);
  await until(['node-1', 'node-2', 'node-2', 'node-2']);
  const kinds = (await world.events()).map((event) => event.kind);
  expect(kinds).toEqual(expect.arrayContaining(['node-drained', 'node-activated']));
});

it('a node that grid.yml drains stays drained, whatever the master is told', async () => {
  const files = { 'grid.yml': 'nodes: {node-1: {availability: drain}}\n' };
  ({ world } = await startFlowWorld({
    files: { ...files, [stackFile('web')]: stackOf('web', { instances: 2 }) },
  }));
  await world.final(await world.work.head());

  expect(await wish('node-1', 'active')).toMatchObject({ availability: 'drain' });
  await expect(wish('nobody', 'drain')).rejects.toThrow('404');

  const { nodes } = await world.api<NodeList>(`grids/${world.grid}/nodes`);
  expect(nodes.map((node) => [node.name, node.availability, node.drained])).toEqual([
    ['node-1', 'drain', undefined],
    ['node-2', 'active', undefined],
  ]);
});
