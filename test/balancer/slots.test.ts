import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillSlots, type Slots } from '../../src/balancer/slots.ts';
import type { Upstream } from '../../src/balancer/upstream.ts';
import { anUpstream } from './an-upstream.ts';

const containers = (slots: Slots) => slots.map((slot) => slot?.container ?? '');
const upstreams = (...names: readonly string[]) =>
  names.map((container) => anUpstream('web', 80, { container }));

describe('slots', () => {
  it('are more than what is there', () => {
    expect(containers(fillSlots([], upstreams('a'), 80))).toEqual(['a', '', '', '']);
    expect(fillSlots([], [], 80)).toEqual([null, null, null, null]);
  });

  it('are kept by who has them, and given to who is new', () => {
    const before = fillSlots([], upstreams('a', 'b', 'c'), 80);
    expect(containers(fillSlots(before, upstreams('c', 'd', 'a'), 80))).toEqual([
      'a',
      'd',
      'c',
      '',
    ]);
  });

  it('become twice as many when there are too few, with room for one more', () => {
    const full = fillSlots([], upstreams('a', 'b', 'c', 'd'), 80);
    expect(full).toHaveLength(8);
    expect(fillSlots(full, upstreams('a'), 80)).toHaveLength(8);
  });

  it('are for those that are ready, and for those on their way out', () => {
    const all = [
      anUpstream('web', 1, { ready: false }),
      anUpstream('web', 2, { ready: false, draining: true }),
      anUpstream('web', 3, { address: 'no address' }),
      anUpstream('web', 4, { port: null }),
    ];
    const slots = fillSlots([], all, 8080).filter((slot) => slot !== null);
    expect(slots.map(({ port, state }) => [port, state])).toEqual([
      [2, 'drain'],
      [8080, 'ready'],
    ]);
  });

  const anyUpstreams: fc.Arbitrary<readonly Upstream[]> = fc
    .uniqueArray(fc.integer({ min: 0, max: 40 }))
    .map((ids) => upstreams(...ids.map(String)));

  it('never move anyone, have everyone once, and grow by doubling only', () => {
    fc.assert(
      fc.property(fc.array(anyUpstreams, { maxLength: 8 }), (rounds) => {
        let slots: Slots = [];
        for (const round of rounds) {
          const next = fillSlots(slots, round, 80);
          const names = containers(next).filter((name) => name !== '');
          expect(names.toSorted()).toEqual(round.map(({ container }) => container).toSorted());
          for (const [at, slot] of slots.entries())
            if (slot !== null && names.includes(slot.container))
              expect(next[at]?.container).toBe(slot.container);
          expect(Math.log2(next.length) % 1).toBe(0);
          slots = next;
        }
      }),
    );
  });
});
