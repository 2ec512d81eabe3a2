/** Nodes of a graph that all reach each other, and one way around through some of them. */
export interface Knot {
  readonly members: readonly string[];
  /** Begins with the smallest member; from the last one it goes back to the first. */
  readonly cycle: readonly string[];
}

export type Edges = ReadonlyMap<string, readonly string[]>;

/** The knots of a graph: none means that there is an order. The same graph gives the same knots. */
export function findKnots(edges: Edges): readonly Knot[] {
  return findGroups(edges)
    .map((group) => ({ members: group.toSorted(), cycle: shortestCycle(group, edges) }))
    .filter(({ cycle }) => cycle.length > 0);
}

interface Visit {
  readonly node: string;
  readonly index: number;
  /** The smallest index that is reached from here and still open. */
  low: number;
  next: number;
}

/**
 * Tarjan's strongly connected components, without recursion: chains may be as long as the grid is large. Every edge is looked at
 * once, however many cycles there are.
 */
function findGroups(edges: Edges): readonly (readonly string[])[] {
  const groups: string[][] = [];
  const indices = new Map<string, number>();
  const open = new Set<string>();
  const stack: string[] = [];
  for (const start of [...edges.keys()].toSorted()) {
    const trail: Visit[] = indices.has(start) ? [] : [enter(start)];
    for (let visit = trail.at(-1); visit !== undefined; visit = trail.at(-1)) {
      const target = edges.get(visit.node)?.[visit.next];
      visit.next += 1;
      if (target === undefined) leave(visit, trail);
      else if (open.has(target)) visit.low = Math.min(visit.low, indices.get(target) ?? 0);
      else if (!indices.has(target) && edges.has(target)) trail.push(enter(target));
    }
  }
  return groups;

  function enter(node: string): Visit {
    const index = indices.size;
    indices.set(node, index);
    open.add(node);
    stack.push(node);
    return { node, index, low: index, next: 0 };
  }

  function leave(visit: Visit, trail: Visit[]): void {
    trail.pop();
    const parent = trail.at(-1);
    if (parent !== undefined) parent.low = Math.min(parent.low, visit.low);
    if (visit.low !== visit.index) return;
    // What was entered since, and is still open, is the group.
    const group = stack.splice(stack.lastIndexOf(visit.node));
    for (const node of group) open.delete(node);
    groups.push(group);
  }
}

/** Breadth first from the smallest member back to itself; empty for a node that does not even reach itself. */
function shortestCycle(group: readonly string[], edges: Edges): readonly string[] {
  const members = new Set(group);
  const start = group.reduce((a, b) => (b < a ? b : a));
  const from = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const target of edges.get(node) ?? []) {
      if (target === start) return wayTo(node, start, from);
      if (!members.has(target) || from.has(target)) continue;
      from.set(target, node);
      queue.push(target);
    }
  }
  return [];
}

function wayTo(end: string, start: string, from: ReadonlyMap<string, string>): readonly string[] {
  const way = [end];
  for (let node = end; node !== start; ) {
    node = from.get(node) ?? start;
    way.push(node);
  }
  return way.toReversed();
}
