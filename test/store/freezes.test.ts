import { expect, test } from 'vitest';
import { openStore } from '../../src/store/store.ts';

const freeze = { until: null, reason: 'audit', actor: 'alice', at: 5 };

test('keeps one freeze for a grid, the last one', async () => {
  const { freezes } = await openStore({ path: ':memory:' });
  await freezes.put({ grid: 'test', ...freeze });
  await freezes.put({ grid: 'prod', ...freeze });
  await freezes.put({ grid: 'prod', ...freeze, until: 9 });

  expect(await freezes.list()).toEqual([
    { grid: 'prod', ...freeze, until: 9 },
    { grid: 'test', ...freeze },
  ]);
});

test('forgets what was lifted, and what has ended', async () => {
  const store = await openStore({ path: ':memory:' });
  const { freezes } = store;
  await freezes.put({ grid: 'lifted', ...freeze });
  await freezes.put({ grid: 'ended', ...freeze, until: 9 });
  await freezes.put({ grid: 'endless', ...freeze });

  await freezes.remove('lifted');
  await store.prune(10);

  expect((await freezes.list()).map(({ grid }) => grid)).toEqual(['endless']);
});
