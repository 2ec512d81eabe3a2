import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Position, Publication } from '../../src/discovery/publication.ts';
import type { LocalRecord } from '../../src/discovery/record.ts';
import { aRecord } from './records.ts';

const epoch = '0123456789abcdef';
const many = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => aRecord(`shop/web-${from + index}`));

describe('a publication', () => {
  it('has a new version for each change, and none where nothing has changed', () => {
    const own = new Publication(epoch);
    expect([own.version, own.update([]), own.version]).toEqual([0, true, 1]);
    expect([own.update(many(1, 2)), own.update(many(1, 2)), own.version]).toEqual([true, false, 2]);
  });

  it('says only what has changed to who knows the rest', () => {
    const own = new Publication(epoch);
    own.update(many(1, 100));
    own.update([...many(2, 99), aRecord('shop/web-200')]);
    const change = own.since({ epoch, version: 1 });
    expect(change.records.map(({ number }) => number)).toEqual([200]);
    expect(change.removed).toEqual([aRecord('shop/web-1').container]);
  });

  it.each([null, { epoch: 'fedcba9876543210', version: 1 }, { epoch, version: 99 }])(
    'says everything to who is somewhere else: %o',
    (position) => {
      const own = new Publication(epoch);
      own.update(many(1, 3));
      expect(own.since(position)).toMatchObject({ since: null, removed: [] });
      expect(own.since(position).records).toHaveLength(3);
    },
  );

  it('says everything to who is behind further than it remembers', () => {
    const own = new Publication(epoch);
    own.update(many(1, 1_200));
    own.update([]);
    own.update(many(1, 1));
    expect(own.since({ epoch, version: 1 }).since).toBeNull();
    expect(own.since({ epoch, version: 2 }).since).toBe(2);
  });

  it('leads whoever follows it, at any pace, to what it has', () => {
    const some = fc
      .subarray([1, 2, 3, 4])
      .chain((numbers) =>
        fc.tuple(
          ...numbers.map((number) =>
            fc.boolean().map((ready) => aRecord(`shop/web-${number}`, { ready })),
          ),
        ),
      );
    fc.assert(
      fc.property(fc.array(fc.tuple(some, fc.boolean())), (turns) => {
        const own = new Publication(epoch);
        let position: Position | null = null;
        const known = new Map<string, LocalRecord>();
        for (const [records, looks] of [...turns, [[], true] as const]) {
          own.update(records);
          if (!looks) continue;
          const change = own.since(position);
          if (change.since === null) known.clear();
          for (const container of change.removed) known.delete(container);
          for (const record of change.records) known.set(record.container, record);
          position = { epoch, version: change.version };
          expect(new Set(known.values())).toEqual(new Set(records));
        }
      }),
    );
  });
});
