import { expect, test } from 'vitest';
import type { StoredNetworkMap } from '../../src/store/network-maps.ts';
import { openStore } from '../../src/store/store.ts';

function stored(version: number, over: Partial<StoredNetworkMap> = {}): StoredNetworkMap {
  return { grid: 'prod', version, payload: `{"version":${version}}`, at: version, ...over };
}

test('keeps the newest map of each grid', async () => {
  const { networkMaps } = await openStore({ path: ':memory:' });

  expect(await networkMaps.put(stored(1))).toBe(true);
  expect(await networkMaps.put(stored(3))).toBe(true);
  expect(await networkMaps.put(stored(1, { grid: 'beta' }))).toBe(true);

  expect(await networkMaps.list()).toEqual([stored(1, { grid: 'beta' }), stored(3)]);
});

test('never goes back to a version, nor has two of one', async () => {
  const { networkMaps } = await openStore({ path: ':memory:' });
  await networkMaps.put(stored(3));

  expect(await networkMaps.put(stored(2))).toBe(false);
  expect(await networkMaps.put(stored(3, { payload: 'other' }))).toBe(false);

  expect(await networkMaps.list()).toEqual([stored(3)]);
});

test('forgets what cannot be read', async () => {
  const { networkMaps } = await openStore({ path: ':memory:' });
  await networkMaps.put(stored(3));

  expect(await networkMaps.remove('prod')).toBe(true);
  expect(await networkMaps.remove('prod')).toBe(false);
  expect(await networkMaps.put(stored(1))).toBe(true);
});
