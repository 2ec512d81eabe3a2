import { compareInstances, compareText } from '../model/identity.ts';
import type { Step, StepKind } from '../model/plan.ts';

const kinds: Readonly<Record<StepKind, number>> = { create: 0, replace: 1, remove: 2 };

/** Total order of the steps of one wave: kind, instance, node. */
export function compareSteps(a: Step, b: Step): number {
  return kinds[a.kind] - kinds[b.kind] || compareInstances(a, b) || compareText(a.node, b.node);
}

export interface Ordered {
  readonly order: readonly string[];
  /** Paths that need each other, in a circle. The order ignores the need that closes it. */
  readonly circles: readonly (readonly string[])[];
}

/**
 * Everything after what it needs, and where that leaves a choice by path. Needs that are not among `paths` are ignored.
 * Without recursion: a chain of needs may be as long as the repository likes.
 */
export function inDependencyOrder(
  paths: readonly string[],
  needs: (path: string) => readonly string[],
): Ordered {
  const known = new Set(paths);
  const done = new Set<string>();
  const order: string[] = [];
  const circles: string[][] = [];
  for (const start of paths.toSorted(compareText)) {
    if (done.has(start)) continue;
    if (needs(start).length === 0) {
      done.add(start);
      order.push(start);
      continue;
    }
    const trail: Visit[] = [];
    const open = new Set<string>();
    enter(start);
    for (let visit = trail.at(-1); visit !== undefined; visit = trail.at(-1)) {
      const next = visit.needs[visit.seen];
      visit.seen += 1;
      if (next !== undefined) enter(next);
      else {
        trail.pop();
        open.delete(visit.path);
        done.add(visit.path);
        order.push(visit.path);
      }
    }

    function enter(path: string): void {
      if (done.has(path) || !known.has(path)) return;
      if (open.has(path)) {
        const at = trail.findIndex((visit) => visit.path === path);
        circles.push(trail.slice(at).map((visit) => visit.path));
        return;
      }
      open.add(path);
      trail.push({ path, needs: needs(path).toSorted(compareText), seen: 0 });
    }
  }
  return { order, circles };
}

interface Visit {
  readonly path: string;
  readonly needs: readonly string[];
  seen: number;
}
