import { afterEach, beforeEach, expect, it } from 'vitest';
import { Fleet } from '../../src/master/fleet.ts';
import { loadNetworkMaps } from '../../src/master/network-maps.ts';
import { createKeyPair } from '../../src/protocol/sign.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { HandClock } from '../agent/hand-clock.ts';
import { networkFacts } from '../support/a-network-map.ts';
import { aGrid, someFacts } from '../support/builders.ts';

const identity = createKeyPair();
const none = new Map<string, readonly string[]>();

let store: Store;

beforeEach(async () => {
  store = await openStore({ path: ':memory:' });
});

afterEach(async () => {
  await store.close();
});

async function load(names: readonly string[]) {
  const fleet = new Fleet();
  for (const grid of ['demo', 'prod'])
    for (const name of names) {
      fleet.expect(grid, name, 0);
      const node = fleet.get(grid, name);
      if (node !== null) fleet.put({ ...node, facts: someFacts({ network: networkFacts(name) }) });
    }
  const parts = {
    identity,
    fleet,
    clock: new HandClock(),
    log: silentLog,
    onChange: () => undefined,
  };
  return await loadNetworkMaps(parts, store);
}

it('a master that starts again goes on with the maps it had', async () => {
  const first = await load(['b', 'c']);
  const { map } = await first.of('demo').prepare(aGrid(), none);
  await first.of('prod').prepare(aGrid({ name: 'prod', subnet: '10.90.0.0/16' }), none);
  await first.stop();

  const second = await load(['a', 'b', 'c']);

  expect(second.of('demo').outlook.map).toEqual(map);
  const next = await second.of('demo').prepare(aGrid(), none);
  expect(next.map?.version).toBe(2);
  expect(next.map?.nodes.map(({ name, number }) => `${name} ${number}`)).toEqual([
    'b 1',
    'c 2',
    'a 3',
  ]);
  expect(second.of('prod').outlook.map).toMatchObject({ grid: 'prod', subnet: '10.90.0.0/16' });
  await second.stop();
});

it('a stored map that cannot be read is forgotten: its nodes bring it back', async () => {
  await store.networkMaps.put({ grid: 'demo', version: 9, payload: '{"grid":"demo"}', at: 0 });

  const maps = await load(['a']);

  expect(maps.of('demo').outlook.map).toBeNull();
  expect((await maps.of('demo').prepare(aGrid(), none)).map?.version).toBe(1);
  await maps.stop();
});
