import { type AssignedInstance, type Assignment, wantsTheSame } from '../model/assignment.ts';
import type { EngineCondition } from '../model/engine-condition.ts';
import type { Availability, Drained, NodeWish } from '../model/grid.ts';
import type { HostReport } from '../model/host-report.ts';
import { compareInstances, compareText, instancePath } from '../model/identity.ts';
import type {
  AssignedId,
  NodeFacts,
  ObservedInstance,
  ObservedNode,
  ObservedState,
} from '../model/observed.ts';
import { areSameAccounts } from '../model/registry-account.ts';
import { DoneHooks } from './done-hooks.ts';
import { isHeard, silenceOf } from './engine-heard.ts';
import { JobBook } from './job-book.ts';
import { untoldAmong } from './untold.ts';

/** What is known of one host node. Replaced as a whole on every change, so identity tells whether anything changed. */
export interface FleetNode {
  readonly grid: string;
  readonly name: string;
  readonly online: boolean;
  /** An agent of it has reported since this master knows of it. */
  readonly observed: boolean;
  /** By the master's uptime, for nobody sets that: of the last sign of life, or of when this master first heard of it. */
  readonly heardAt: number;
  readonly facts: NodeFacts | null;
  readonly instances: readonly ObservedInstance[];
  /** The generation that `instances` was reported under. */
  readonly observedGeneration: number;
  readonly assignment: Assignment | null;
  /** The newest assignment that the node has reported under; `null`: not known. */
  readonly told: Assignment | null;
  /** The node has not reported yet on an assignment that has everything tried again. */
  readonly retrying: boolean;
  /** The last of the node's newest session; `null`: none came in it, which is all that an older agent does. Never stored. */
  readonly host: HostReport | null;
  /**
   * Absent: its agent has not said, or knows of no such thing. What was last known of a node that is away stays. Its
   * times are by the master's uptime.
   */
  readonly engine?: EngineCondition;
  /** A person's word that nothing is to run on it, whatever grid.yml says. */
  readonly drained: Drained | null;
}

/**
 * The master's picture of all host nodes: a plain in-memory table. The dispatcher writes what agents report, the
 * controllers write assignments; everyone reads. It holds no more than the store and the agents can tell again.
 */
export class Fleet {
  readonly doneHooks = new DoneHooks();
  readonly jobs = new JobBook();
  readonly #outrun = new Set<string>();
  readonly #grids = new Map<string, Map<string, FleetNode>>();
  /** Each grid's nodes by name: sorting, or looking up, thousands for every report is too much. */
  readonly #ordered = new Map<string, FleetNode[]>();
  /** Planner inputs by identity of what they are made of: an unchanged node is the same object to the planner. */
  readonly #views = new WeakMap<FleetNode, { wish: NodeWish | undefined; view: ObservedNode }>();

  get(grid: string, name: string): FleetNode | null {
    return this.#grids.get(grid)?.get(name) ?? null;
  }

  /** By name. */
  nodes(grid: string): readonly FleetNode[] {
    return this.#ordered.get(grid)?.slice() ?? [];
  }

  grids(): readonly string[] {
    return [...this.#grids.keys()].toSorted(compareText);
  }

  put(node: FleetNode): void {
    const { grid, name } = node;
    const nodes = this.#grids.get(grid) ?? new Map<string, FleetNode>();
    const ordered = this.#ordered.get(grid) ?? [];
    ordered.splice(placeOf(name, ordered), nodes.has(name) ? 1 : 0, node);
    this.#grids.set(grid, nodes.set(name, node));
    this.#ordered.set(grid, ordered);
  }

  remove(grid: string, name: string): void {
    if (this.#grids.get(grid)?.delete(name) !== true) return;
    const ordered = this.#ordered.get(grid) ?? [];
    ordered.splice(placeOf(name, ordered), 1);
  }

  /** A node of the grid goes by an assignment that this master does not know: its store is older than what runs. */
  noteOutrun(grid: string): void {
    this.#outrun.add(grid);
  }

  /** Then what the store holds as wanted may be older, too, and must not be gone back to. */
  isOutrun(grid: string): boolean {
    return this.#outrun.has(grid);
  }

  /** Whether a node is not here, or its engine: time alone changes what that means. */
  hasAbsent(grid: string): boolean {
    return this.#ordered.get(grid)?.some((node) => !isHeard(node)) ?? false;
  }

  /** A node that is known by name only (from a roster or grid.yml): it must be heard before its place is given away. */
  expect(grid: string, name: string, now: number): void {
    if (this.get(grid, name) === null) this.put(unheard({ grid, name, now }));
  }

  observedState(grid: string, wishes: Readonly<Record<string, NodeWish>>): ObservedState {
    return { nodes: this.nodes(grid).map((node) => this.#view(node, wishes[node.name])) };
  }

  #view(node: FleetNode, wish: NodeWish | undefined): ObservedNode {
    const known = this.#views.get(node);
    if (known !== undefined && known.wish === wish) return known.view;
    const view = observedNode(node, wish);
    this.#views.set(node, { wish, view });
    return view;
  }
}

/** Where a node of that name is, or belongs. */
function placeOf(name: string, ordered: readonly FleetNode[]): number {
  let [from, to] = [0, ordered.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (compareText(ordered[middle]?.name ?? '', name) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** `now` is by the master's uptime. */
export function unheard(of: { grid: string; name: string; now: number }): FleetNode {
  return {
    grid: of.grid,
    name: of.name,
    online: false,
    observed: false,
    heardAt: of.now,
    facts: null,
    instances: [],
    observedGeneration: 0,
    assignment: null,
    told: null,
    retrying: false,
    host: null,
    drained: null,
  };
}

function observedNode(node: FleetNode, wish: NodeWish | undefined): ObservedNode {
  return {
    name: node.name,
    status: nodeStatus(node),
    lastSeenAt: node.heardAt,
    availability: availabilityOf(node, wish),
    facts: node.facts === null ? null : { ...node.facts, labels: allLabels(node.facts, wish) },
    instances: isStale(node) ? withoutOldFailures(node) : node.instances,
    assigned: assignedIds(node),
    ...(node.host === null ? {} : { host: node.host }),
    ...silenceOf(node),
  };
}

function nodeStatus(node: FleetNode): ObservedNode['status'] {
  if (!node.observed) return 'unobserved';
  return node.online ? 'online' : 'offline';
}

/** Either word drains it: grid.yml's, or that of a person who told the master. */
export function availabilityOf(
  { drained }: Pick<FleetNode, 'drained'>,
  wish: NodeWish | undefined,
): Availability {
  return drained === null ? (wish?.availability ?? 'active') : 'drain';
}

/** What the agent was started with and what grid.yml wishes, sorted. */
export function allLabels(facts: NodeFacts, wish: NodeWish | undefined): readonly string[] {
  return [...new Set([...facts.labels, ...(wish?.labels ?? [])])].toSorted(compareText);
}

/** With its newest assignment, which is stored and about to be sent. */
export function assigned(node: FleetNode, assignment: Assignment): FleetNode {
  const { assignment: before } = node;
  // By another account everything is pulled that could not be.
  const repeats =
    before !== null &&
    (wantsTheSame(before, assignment) ||
      !areSameAccounts(before.registries, assignment.registries));
  return { ...node, assignment, retrying: repeats || (node.retrying && isStale(node)) };
}

/** The node has not reported on its newest assignment yet. */
function isStale(node: FleetNode): boolean {
  return node.observedGeneration < (node.assignment?.generation ?? 0);
}

/** A failure of another spec than the assigned one says nothing of it; one that is being tried again, nothing any more. */
function withoutOldFailures({
  instances,
  assignment,
  retrying,
}: FleetNode): readonly ObservedInstance[] {
  const specs = new Map(
    assignment?.instances.map((one) => [instancePath(one), one.specHash]) ?? [],
  );
  return instances.map((one) => {
    if (one.attempt === null || one.attempt.failure === null) return one;
    const holds = !retrying && specs.get(instancePath(one)) === one.attempt.specHash;
    return holds ? one : { ...one, attempt: null };
  });
}

/** A node that is here is told within moments: only what one that is away has not heard is worth saying. */
function assignedIds(node: FleetNode): readonly AssignedId[] {
  const instances = node.assignment?.instances ?? [];
  if (isHeard(node) || !isStale(node)) return instances.map(assignedId);
  const isUntold = untoldAmong(node.told);
  return instances.map((one) =>
    isUntold(one) ? { ...assignedId(one), untold: true } : assignedId(one),
  );
}

function assignedId(instance: AssignedInstance): AssignedId {
  const { stack, service, number, specHash, stateful, spec } = instance;
  return { stack, service, number, specHash, stateful, spec };
}

/** What a node shows after a report: a complete one replaces, an increment is laid over. Sorted, so equal facts are equal. */
export function mergeInstances(
  before: readonly ObservedInstance[],
  report: {
    readonly complete: boolean;
    readonly instances: readonly ObservedInstance[];
    readonly gone: readonly string[];
  },
): readonly ObservedInstance[] {
  const merged = new Map<string, ObservedInstance>();
  if (!report.complete) for (const known of before) merged.set(instancePath(known), known);
  for (const reported of report.instances) merged.set(instancePath(reported), reported);
  for (const path of report.gone) merged.delete(path);
  return [...merged.values()].toSorted(compareInstances);
}
