import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Pace } from '../../src/forge/pace.ts';

/** Begins and is at its end. */
function pass(pace: Pace, at: number, times = 1): void {
  pace.begin(times);
  pace.end(at, times);
}

describe('a pace', () => {
  test('lets so many begin at once, and the next when the first is long enough ago', () => {
    const pace = new Pace({ most: 2, within: 60 });
    for (const at of [100, 110]) {
      expect(pace.readyAt(at)).toBe(at);
      pass(pace, at);
    }
    expect(pace.readyAt(120)).toBe(160);
    expect(pace.readyAt(160)).toBe(160);
  });

  test('counts what is several at once', () => {
    const pace = new Pace({ most: 3, within: 60 });
    pass(pace, 100, 2);
    expect(pace.readyAt(110)).toBe(110);
    pass(pace, 110, 2);
    expect(pace.readyAt(120)).toBe(160);
  });

  test('counts what takes long when it is over', () => {
    const pace = new Pace({ most: 1, within: 60 });
    pace.begin();
    expect(pace.readyAt(100)).toBe(160);
    pace.end(150);
    expect(pace.readyAt(160)).toBe(210);
  });

  test('is not held up by a clock that was set back', () => {
    const pace = new Pace({ most: 1, within: 60 });
    pass(pace, 1_000_000);
    expect(pace.readyAt(100)).toBe(100);
  });

  test('is never exceeded, whenever somebody asks', () => {
    const waits = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 100 });
    fc.assert(
      fc.property(waits, fc.integer({ min: 1, max: 5 }), (gaps, most) => {
        const pace = new Pace({ most, within: 60 });
        const begun: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now = pace.readyAt(now + gap);
          pass(pace, now);
          begun.push(now);
        }
        begun.forEach((at, index) => {
          const before = begun[index - most];
          expect(before === undefined || at - before >= 60).toBe(true);
        });
      }),
    );
  });
});
