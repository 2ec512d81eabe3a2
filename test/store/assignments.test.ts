import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openStore } from '../../src/store/store.ts';

function assignment(generation: number, node = 'web-1') {
  return {
    grid: 'prod',
    node,
    generation,
    payload: `{"generation":${generation}}`,
    at: generation,
  };
}

test('only a newer generation replaces an assignment', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(20), { minLength: 1 }), async (generations) => {
      const { assignments } = await openStore({ path: ':memory:' });
      let newest = -1;
      for (const generation of generations) {
        expect(await assignments.put(assignment(generation))).toBe(generation > newest);
        newest = Math.max(newest, generation);
        expect(await assignments.get('prod', 'web-1')).toEqual(assignment(newest));
      }
    }),
    { numRuns: 50 },
  );
});

test('lists the newest assignment of each node of a grid', async () => {
  const { assignments } = await openStore({ path: ':memory:' });
  for (const each of [assignment(1, 'b'), assignment(5, 'a'), assignment(6, 'a')])
    await assignments.put(each);
  await assignments.put({ ...assignment(9), grid: 'test' });

  expect(await assignments.list('prod')).toEqual([assignment(6, 'a'), assignment(1, 'b')]);
});

test('forgets an assignment that is removed', async () => {
  const { assignments } = await openStore({ path: ':memory:' });
  await assignments.put(assignment(5));

  expect(await assignments.remove('prod', 'web-1')).toBe(true);

  expect(await assignments.remove('prod', 'web-1')).toBe(false);
  expect(await assignments.get('prod', 'web-1')).toBeNull();
});
