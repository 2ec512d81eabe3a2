import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClockSkews } from '../../src/master/clock-skews.ts';

function measured(...seconds: number[]) {
  const skews = new ClockSkews();
  const [first = 0, ...others] = seconds.map((one) => one * 1_000);
  const news = [skews.begin('a', first), ...others.map((one) => skews.take('a', one))];
  return { seconds: skews.of('a'), news };
}

describe('the clock of a node', () => {
  it('is news when it is five seconds off, and when it is right again', () => {
    expect(measured(4).news).toEqual([null]);
    expect(measured(-60).news).toEqual(['skewed']);
    expect(measured(60, 60).news).toEqual(['skewed', null]);
    expect(measured(-60, 0).news).toEqual(['skewed', 'right']);
    expect(measured(0, 7).news).toEqual([null, 'skewed']);
  });

  it('that is set back is noticed as soon as the old measurements are over', () => {
    expect(measured(0, -90, -90, -90, -90).news.at(-1)).toBe('skewed');
  });

  it('that is about as far off as is allowed does not come and go', () => {
    expect(measured(5, 4, 4, 4, 4, 4).news.filter((one) => one !== null)).toEqual(['skewed']);
  });

  it('is not thought wrong because a message was late', () => {
    expect(measured(0, -30, 0, -20).news).toEqual([null, null, null, null]);
    fc.assert(
      fc.property(
        fc.integer({ min: -1_000, max: 1_000 }),
        fc.array(fc.nat(1_000), { minLength: 1, maxLength: 3 }),
        (skew, delays) => {
          expect(measured(skew, ...delays.map((late) => skew - late)).seconds).toBe(skew + 0);
        },
      ),
    );
  });

  it('is not known before it was told, nor after the node has left', () => {
    const skews = new ClockSkews();
    expect(skews.of('a')).toBeNull();
    skews.begin('a', 0);
    skews.forget('a');
    expect(skews.of('a')).toBeNull();
  });
});
