import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ceiling, fullJitter } from '../../src/runtime/backoff.ts';

const backoff = { base: 250, cap: 30_000 };

describe('backoff', () => {
  it('doubles up to the cap', () => {
    const delays = [0, 1, 2, 7, 8, 1_000].map((attempt) => ceiling(backoff, attempt));

    expect(delays).toEqual([250, 500, 1_000, 30_000, 30_000, 30_000]);
  });

  it('draws any whole delay from zero up to the bound, never above it', () => {
    const attempts = fc.nat(10_000);
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

    fc.assert(
      fc.property(attempts, chance, (attempt, random) => {
        const delay = fullJitter(backoff, attempt, random);
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(ceiling(backoff, attempt));
      }),
    );
  });
});
