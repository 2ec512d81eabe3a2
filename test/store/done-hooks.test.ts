import { expect, test } from 'vitest';
import type { DoneHook } from '../../src/store/done-hooks.ts';
import { openStore } from '../../src/store/store.ts';

function done(hook: string, overrides: Partial<DoneHook> = {}): DoneHook {
  return { grid: 'prod', service: 'shop/web', number: 1, hook, ...overrides };
}

test('keeps each oneshot hook that has succeeded, once', async () => {
  const { doneHooks } = await openStore({ path: ':memory:' });
  await doneHooks.put([done('pre-start/seed'), done('pre-start/migrate')], 1);
  await doneHooks.put([done('pre-start/seed'), done('pre-start/seed', { number: 2 })], 2);
  await doneHooks.put([done('pre-start/seed', { grid: 'test' })], 3);

  expect(await doneHooks.list('prod')).toEqual([
    done('pre-start/migrate'),
    done('pre-start/seed'),
    done('pre-start/seed', { number: 2 }),
  ]);
  expect((await doneHooks.grids()).toSorted()).toEqual(['prod', 'test']);
});

test('forgets what a service has done with the service', async () => {
  const { doneHooks } = await openStore({ path: ':memory:' });
  const other = done('pre-start/seed', { service: 'shop/db' });
  await doneHooks.put([done('pre-start/seed'), done('pre-start/seed', { number: 2 }), other], 1);

  await doneHooks.remove('prod', 'shop/web');

  expect(await doneHooks.list('prod')).toEqual([other]);
});
