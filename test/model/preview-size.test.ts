import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withinSize } from '../../src/model/preview-size.ts';
import {
  aGridPreview,
  anEventfulGridPreview,
  aPreviewedPlan,
  aPreviewedStep,
} from '../support/a-preview.ts';

const LONG = 'x'.repeat(300);

function large(grid: string, amount: number) {
  return aGridPreview({
    grid,
    changes: Array.from({ length: amount }, (_, at) => ({
      path: `shop/web-${at}`,
      kind: 'changed' as const,
      values: Array.from({ length: 20 }, (__, key) => ({
        key: `${key}`,
        before: LONG,
        after: null,
      })),
      count: 20,
    })),
    plan: aPreviewedPlan({
      steps: Array.from({ length: amount }, (_, at) =>
        aPreviewedStep({ path: `shop/web-${at}`, reason: LONG, danger: at < 3 ? LONG : null }),
      ),
      warnings: Array.from({ length: amount }, () => LONG),
    }),
  });
}

describe('what is kept of an outcome', () => {
  it('is all of it where that is small enough', () => {
    const outcome = { kind: 'planned', grids: [anEventfulGridPreview()] } as const;
    expect(withinSize(outcome, 100_000)).toEqual(outcome);
    expect(withinSize({ kind: 'fork' }, 100_000)).toEqual({ kind: 'fork' });
  });

  it('is never larger than it may be, and counts as before', () => {
    const amounts = fc.record({
      grids: fc.integer({ min: 1, max: 30 }),
      amount: fc.constantFrom(0, 1, 50, 500),
      most: fc.constantFrom(32_768, 100_000, 500_000),
    });
    fc.assert(
      fc.property(amounts, ({ grids, amount, most }) => {
        const all = Array.from({ length: Math.min(grids, amount > 50 ? 3 : 30) }, (_, at) =>
          large(`grid-${at}`, amount),
        );
        const kept = withinSize({ kind: 'planned', grids: all }, most);
        expect(JSON.stringify(kept).length).toBeLessThanOrEqual(most);
        if (kept.kind !== 'planned') throw new Error('nothing was kept');
        for (const [at, grid] of kept.grids.entries()) {
          expect(grid.counts).toEqual(all[at]?.counts);
          expect(grid.plan?.hash).toBe(all[at]?.plan?.hash);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('is the beginning of every list', () => {
    const grid = large('demo', 2_000);
    const kept = withinSize({ kind: 'planned', grids: [grid] }, 500_000);
    const [first] = kept.kind === 'planned' ? kept.grids : [];
    const steps = first?.plan?.steps ?? [];
    expect(steps.length).toBeGreaterThan(3);
    expect(steps).toEqual(grid.plan?.steps.slice(0, steps.length));
  });

  it('is bounded whatever went wrong', () => {
    const files = Array.from({ length: 5_000 }, () => 'f'.repeat(5_000));
    expect(JSON.stringify(withinSize({ kind: 'conflict', files }, 32_768)).length).toBeLessThan(
      32_768,
    );
    const message = 'm'.repeat(100_000);
    const failed = withinSize({ kind: 'failed', message, hint: message }, 32_768);
    expect(JSON.stringify(failed).length).toBeLessThan(32_768);
  });
});
