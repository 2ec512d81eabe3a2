import fc from 'fast-check';
import { expect, it } from 'vitest';
import { idAfter } from '../../src/store/ordered-id.ts';

const times = fc.array(fc.integer({ min: 0, max: 2 ** 42 }), { minLength: 2, maxLength: 50 });

it('each id sorts after the one before, whatever the clock does', () => {
  fc.assert(
    fc.property(times, (clock) => {
      let last: string | null = null;
      const ids = clock.map((now) => (last = idAfter(last, now)));
      expect(ids.toSorted()).toEqual(ids);
      expect(new Set(ids).size).toBe(ids.length);
    }),
  );
});
