import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TakenNodes } from '../../src/planner/taken-nodes.ts';

const NODES = 7;

/** What it stands for: the one with the fewest instances, then the least loaded, then the first, of those with room. */
function naiveFirst(taken: ReadonlySet<number>, of: Placing): number | null {
  const withRoom = [...taken].filter((position) => of.room.has(position));
  const sorted = withRoom.toSorted(
    (a, b) => of.count(a) - of.count(b) || of.load(a) - of.load(b) || a - b,
  );
  return sorted[0] ?? null;
}

interface Placing {
  readonly room: ReadonlySet<number>;
  readonly count: (position: number) => number;
  readonly load: (position: number) => number;
}

it('the next instance goes where the fewest of its service are, whatever was placed before', () => {
  const positions = fc.array(fc.nat(NODES - 1), { minLength: 1, maxLength: 40 });
  const loads = fc.array(fc.nat(5), { minLength: NODES, maxLength: NODES });
  fc.assert(
    fc.property(positions, loads, fc.nat(4), (first, load, capacity) => {
      const loaded = [...load];
      const counts = new Map<number, number>();
      const count = (position: number) => counts.get(position) ?? 0;
      const nodes = new TakenNodes({
        key: (position) => (loaded[position] ?? 0) * NODES + position,
        positionOf: (key) => key % NODES,
      });
      const taken = new Set(first);
      for (const position of first) counts.set(position, count(position) + 1);
      for (const position of taken) nodes.add(position, count(position));
      for (let placed = 0; placed < 20; placed += 1) {
        const room = new Set([...taken].filter((one) => (loaded[one] ?? 0) < 5 + capacity));
        const expected = naiveFirst(taken, { room, count, load: (one) => loaded[one] ?? 0 });
        const found = nodes.first({
          count,
          hasRoom: (one) => room.has(one),
          onFull: (one) => taken.delete(one),
        });
        expect(found).toBe(expected);
        if (found === null) break;
        counts.set(found, count(found) + 1);
        loaded[found] = (loaded[found] ?? 0) + 1;
      }
      expect(new Set(nodes.takeAll())).toEqual(taken);
    }),
  );
});
