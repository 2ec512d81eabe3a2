import { expect, test } from 'vitest';
import type { ObservedInstance } from '../../src/model/observed.ts';
import type { StoredObservation } from '../../src/store/observations.ts';
import { openStore } from '../../src/store/store.ts';

const instance: ObservedInstance = {
  stack: 'shop',
  service: 'web',
  number: 1,
  current: {
    id: 'c1',
    specHash: 'h',
    revision: 'abc',
    running: true,
    ready: true,
    health: 'healthy',
    startedAt: 5,
  },
  attempt: null,
};

function observation(over: Partial<StoredObservation> = {}): StoredObservation {
  return { grid: 'prod', node: 'web-1', generation: 3, instances: [instance], at: 7, ...over };
}

test('keeps the last observation of each node', async () => {
  const { observations } = await openStore({ path: ':memory:' });
  await observations.put([observation()]);
  await observations.put([observation({ generation: 2, instances: [], at: 8 })]);
  await observations.put([observation({ node: 'db-1' })]);

  expect(await observations.get('prod', 'web-1')).toEqual(
    observation({ generation: 2, instances: [], at: 8 }),
  );
  expect((await observations.list('prod')).map((each) => each.node)).toEqual(['db-1', 'web-1']);
  expect(await observations.get('test', 'web-1')).toBeNull();
});

test('forgets the observation of a removed node', async () => {
  const { observations } = await openStore({ path: ':memory:' });
  await observations.put([observation()]);

  expect(await observations.remove('prod', 'web-1')).toBe(true);

  expect(await observations.list('prod')).toEqual([]);
  expect(await observations.remove('prod', 'web-1')).toBe(false);
});
