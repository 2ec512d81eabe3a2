import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeImages } from '../../src/agent/janitor.ts';
import { NOW } from '../support/builders.ts';

const HOUR = 3_600_000;
const scene = {
  pulled: { 'web:1': { id: 'one', usedAt: NOW - 30 * HOUR } },
  used: new Set<string>(),
  wanted: new Set<string>(),
  keep: 24 * HOUR,
  now: NOW,
};

describe('an image that the agent fetched', () => {
  it('can go when nothing has needed it for as long as it is kept', () => {
    expect(judgeImages(scene)).toEqual({ kept: {}, unneeded: scene.pulled });
    expect(judgeImages({ ...scene, keep: 31 * HOUR }).unneeded).toEqual({});
  });

  it.each([
    ['a container is made from it, whoever made that', { used: new Set(['one']) }],
    ['the assignment names it', { wanted: new Set(['web:1']) }],
  ])('stays while %s, and its time begins anew', (_, needed) => {
    const kept = { 'web:1': { id: 'one', usedAt: NOW } };
    expect(judgeImages({ ...scene, ...needed })).toEqual({ kept, unneeded: {} });
    expect(judgeImages({ ...scene, ...needed, keep: 0 }).unneeded).toEqual({});
  });

  it('is not kept for years because the clock was wrong when it was used', () => {
    const pulled = { 'web:1': { id: 'one', usedAt: NOW + 9_000 * HOUR } };
    expect(judgeImages({ ...scene, pulled }).kept).toEqual({ 'web:1': { id: 'one', usedAt: NOW } });
  });

  it('is either kept or not, and never goes while it is needed', () => {
    const id: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c');
    const image = fc.record({ id, usedAt: fc.integer() });
    const name: fc.Arbitrary<string> = fc.constantFrom('x:1', 'y:1', '__proto__', 'constructor');
    fc.assert(
      fc.property(
        fc.dictionary(name, image),
        fc.uniqueArray(id),
        fc.uniqueArray(name),
        fc.nat(),
        fc.integer(),
        (pulled, used, wanted, keep, now) => {
          const given = { pulled, used: new Set(used), wanted: new Set(wanted), keep, now };
          const { kept, unneeded } = judgeImages(given);
          const all = [...Object.keys(kept), ...Object.keys(unneeded)];
          expect(all.toSorted()).toEqual(Object.keys(pulled).toSorted());
          for (const [reference, one] of Object.entries(unneeded))
            expect(used.includes(one.id) || wanted.includes(reference)).toBe(false);
        },
      ),
    );
  });
});
