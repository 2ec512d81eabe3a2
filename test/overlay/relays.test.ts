import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseRelays, type Ways } from '../../src/overlay/relays.ts';

const none: Ways = {
  self: 1,
  heard: new Set(),
  lost: new Set(),
  reports: new Map(),
  current: new Map(),
};

/** Pairs that hear each other, of nodes 1 to 8. */
const links = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 })), {
    maxLength: 28,
    selector: ([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`,
  })
  .map((pairs) => pairs.filter(([a, b]) => a !== b));

function hearing(pairs: readonly (readonly [number, number])[], of: number): Set<number> {
  return new Set(
    pairs
      .flatMap(([a, b]) => (a === of ? [b] : []))
      .concat(pairs.flatMap(([a, b]) => (b === of ? [a] : []))),
  );
}

/** What a node comes to that knows everything. */
function choiceOf(pairs: readonly (readonly [number, number])[], self: number) {
  const heard = hearing(pairs, self);
  const all = [1, 2, 3, 4, 5, 6, 7, 8];
  return chooseRelays({
    self,
    heard,
    lost: new Set(all.filter((other) => other !== self && !heard.has(other))),
    reports: new Map(all.filter((other) => heard.has(other)).map((o) => [o, hearing(pairs, o)])),
    current: new Map(),
  });
}

describe('relays', () => {
  it('are the smallest number that hears both', () => {
    const reports = new Map([
      [2, new Set([1, 9])],
      [3, new Set([1])],
      [4, new Set([1, 9])],
      [5, new Set([9])],
    ]);

    const chosen = chooseRelays({
      ...none,
      heard: new Set([5, 4, 3, 2]),
      lost: new Set([9]),
      reports,
    });

    expect([...chosen]).toEqual([[9, 2]]);
  });

  it('are the same from both ends, hear both, and are not for pairs that hear each other', () => {
    fc.assert(
      fc.property(links, (pairs) => {
        for (let a = 1; a <= 8; a += 1)
          for (const [b, relay] of choiceOf(pairs, a)) {
            expect(choiceOf(pairs, b).get(a)).toBe(relay);
            expect(hearing(pairs, a).has(b)).toBe(false);
            expect(hearing(pairs, relay).has(a) && hearing(pairs, relay).has(b)).toBe(true);
            // It has its own tunnel to each end: no packet goes around.
            expect(choiceOf(pairs, relay).has(a) || choiceOf(pairs, relay).has(b)).toBe(false);
          }
      }),
    );
  });

  it('are there for every pair that has a common node', () => {
    fc.assert(
      fc.property(links, (pairs) => {
        for (let a = 1; a <= 8; a += 1)
          for (let b = 1; b <= 8; b += 1) {
            const common = [...hearing(pairs, a)].filter((node) => hearing(pairs, node).has(b));
            const isApart = a !== b && !hearing(pairs, a).has(b);
            expect(choiceOf(pairs, a).has(b)).toBe(isApart && common.length > 0);
          }
      }),
    );
  });

  it('stay as they are until somebody has told whom they hear', () => {
    const current = new Map([[9, 3]]);
    const heard = new Set([3]);

    expect([...chooseRelays({ ...none, heard, current })]).toEqual([[9, 3]]);
    const reports = new Map([[3, new Set([1])]]);
    expect([...chooseRelays({ ...none, heard, current, reports })]).toEqual([]);
  });

  it('end when the peer is heard itself', () => {
    const current = new Map([[9, 3]]);
    const reports = new Map([[3, new Set([1, 9])]]);

    const chosen = chooseRelays({ ...none, heard: new Set([3, 9]), current, reports });

    expect([...chosen]).toEqual([]);
  });

  it('are not for a peer that is only waited for', () => {
    const reports = new Map([[3, new Set([1, 9])]]);

    expect([...chooseRelays({ ...none, heard: new Set([3]), reports })]).toEqual([]);
  });
});
