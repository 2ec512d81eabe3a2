import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Step } from '../../src/model/plan.ts';
import { NumberHeap } from '../../src/planner/heap.ts';
import { compareSteps, inDependencyOrder } from '../../src/planner/order.ts';

const id = { stack: 'shop', service: 'web', reason: '' };

describe('the steps of a wave', () => {
  test('are sorted by kind, instance (numbers as numbers), and node', () => {
    const steps: readonly Step[] = [
      { kind: 'create', ...id, number: 2, node: 'b', specHash: '' },
      { kind: 'create', ...id, number: 10, node: 'a', specHash: '' },
      { kind: 'replace', ...id, number: 1, node: 'a', specHash: '', from: '', mode: 'start-first' },
      { kind: 'remove', ...id, number: 1, node: 'a', stateful: false },
      { kind: 'remove', ...id, number: 1, node: 'b', stateful: false },
    ];
    expect(steps.toReversed().toSorted(compareSteps)).toEqual(steps);
  });
});

describe('the order of needs', () => {
  const graph = fc.dictionary(
    fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    fc.subarray(['a', 'b', 'c', 'd', 'e', 'f', 'unknown']),
    { noNullPrototype: true },
  );

  test('has everything once, after what it needs unless that is in a circle with it', () => {
    fc.assert(
      fc.property(graph, (needs) => {
        const { order, circles } = inDependencyOrder(
          Object.keys(needs),
          (path) => needs[path] ?? [],
        );
        expect(order.toSorted()).toEqual(Object.keys(needs).toSorted());
        if (circles.length > 0) return;
        for (const [path, needed] of Object.entries(needs))
          for (const other of needed)
            if (Object.hasOwn(needs, other))
              expect(order.indexOf(other)).toBeLessThan(order.indexOf(path));
      }),
    );
  });

  test('does not depend on the order in which things are given', () => {
    fc.assert(
      fc.property(graph, (needs) => {
        const paths = Object.keys(needs);
        const one = inDependencyOrder(paths, (path) => needs[path] ?? []);
        const other = inDependencyOrder(
          paths.toReversed(),
          (path) => needs[path]?.toReversed() ?? [],
        );
        expect(other).toEqual(one);
      }),
    );
  });

  test('survives a very long chain', () => {
    const paths = Array.from({ length: 50_000 }, (_, at) => `s${at}`);
    const { order } = inDependencyOrder(paths, (path) => [`s${Number(path.slice(1)) + 1}`]);
    expect(order[0]).toBe('s49999');
  });
});

test('a heap gives its numbers back in order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100)), fc.array(fc.nat(100)), (first, then) => {
      const heap = new NumberHeap(first);
      for (const number of then) heap.push(number);
      const out: number[] = [];
      for (let top = heap.top; top !== undefined; top = heap.top) {
        out.push(top);
        heap.pop();
      }
      expect(out).toEqual([...first, ...then].toSorted((a, b) => a - b));
    }),
  );
});
