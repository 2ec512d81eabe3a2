import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawFrom } from '../../src/model/seed.ts';

const seed = new Uint8Array(32).fill(7);

function some(count: number, bound: number, names: readonly string[]): number[] {
  const draw = drawFrom(seed, names);
  return Array.from({ length: count }, () => draw(bound));
}

describe('drawing from a seed', () => {
  test('gives the same numbers for the same names, and others for others', () => {
    expect(some(20, 1_000, ['a', 'b'])).toEqual(some(20, 1_000, ['a', 'b']));
    expect(some(20, 1_000, ['a', 'b'])).not.toEqual(some(20, 1_000, ['ab']));
    expect(some(20, 1_000, ['a', 'b'])).not.toEqual(some(20, 1_000, ['b', 'a']));
  });

  test('stays below the bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_536 }), fc.string(), (bound, name) => {
        for (const number of some(50, bound, [name])) {
          expect(number).toBeGreaterThanOrEqual(0);
          expect(number).toBeLessThan(bound);
        }
      }),
    );
  });

  test('gives every number about as often', () => {
    const counts = new Map<number, number>();
    for (const number of some(62_000, 62, ['even']))
      counts.set(number, (counts.get(number) ?? 0) + 1);
    expect(counts.size).toBe(62);
    // Five standard deviations around 1000.
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(160);
  });
});
