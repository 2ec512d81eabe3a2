import { compareText, type InstanceId, instancePath } from '../model/identity.ts';
import type { AssignedId, ObservedInstance, ObservedNode } from '../model/observed.ts';
import type { HostNode } from './host-nodes.ts';

/** One instance on one node: what the node shows of it and what the master has assigned there. One of the two may be absent. */
export interface Sighting {
  readonly host: HostNode;
  readonly id: InstanceId;
  readonly observed: ObservedInstance | null;
  readonly assigned: AssignedId | null;
}

/** By one update. */
interface Touched {
  readonly lists: Set<Sighting[]>;
  readonly stacks: Set<string>;
}

const nothing: readonly Sighting[] = [];
const noService: ReadonlyMap<string, readonly Sighting[]> = new Map();

/**
 * The observed state by service and by node. `update` touches only what differs from the last update: a service's list
 * stays the same array while nothing in it changed, so whoever remembers the array knows that nothing did.
 * To profit, the caller keeps `ObservedInstance` objects the same while they are unchanged; everything else is compared.
 */
export class ObservedIndex {
  readonly #nodes = new Map<string, ObservedNode>();
  readonly #hosts = new Map<string, HostNode>();
  readonly #onNode = new Map<string, readonly Sighting[]>();
  readonly #stacks = new Map<string, Map<string, Sighting[]>>();
  #containers = 0;

  get hosts(): ReadonlyMap<string, HostNode> {
    return this.#hosts;
  }

  /** How many containers of ours there are in the grid, of whatever stack. */
  get containers(): number {
    return this.#containers;
  }

  /** By service name; of each by instance number, then by node. */
  ofStack(stack: string): ReadonlyMap<string, readonly Sighting[]> {
    return this.#stacks.get(stack) ?? noService;
  }

  /** Names of all stacks that something is seen of, in no particular order. */
  get stacks(): Iterable<string> {
    return this.#stacks.keys();
  }

  onNode(name: string): readonly Sighting[] {
    return this.#onNode.get(name) ?? nothing;
  }

  /** Returns the names of the stacks of which something is seen that was not, or is no more. */
  update(hosts: readonly HostNode[], nodes: readonly ObservedNode[]): ReadonlySet<string> {
    const touched: Touched = { lists: new Set(), stacks: new Set() };
    const byName = new Map(nodes.map((node) => [node.name, node]));
    for (const name of this.#hosts.keys()) if (!byName.has(name)) this.#forget(name, touched);
    for (const host of hosts) {
      const node = byName.get(host.name);
      if (node === undefined) continue;
      if (this.#nodes.get(host.name) === node && this.#hosts.get(host.name) === host) continue;
      this.#replace(host.name, this.#sightings(host, node), touched);
      this.#nodes.set(host.name, node);
      this.#hosts.set(host.name, host);
    }
    for (const list of touched.lists) list.sort(byNumber);
    return touched.stacks;
  }

  /** Sightings that equal the last ones are the last ones. */
  #sightings(host: HostNode, node: ObservedNode): readonly Sighting[] {
    const before = new Map(this.onNode(host.name).map((known) => [instancePath(known.id), known]));
    return merge(node).map(([path, id, observed, assigned]) => {
      const known = before.get(path);
      const same =
        known?.host === host &&
        known.observed === observed &&
        known.assigned?.specHash === assigned?.specHash &&
        known.assigned?.untold === assigned?.untold;
      return same ? known : { host, id, observed, assigned };
    });
  }

  #replace(name: string, after: readonly Sighting[], touched: Touched): void {
    const before = this.onNode(name);
    const kept = new Set(after);
    for (const gone of before) if (!kept.has(gone)) this.#remove(gone, touched);
    const had = new Set(before);
    for (const added of after) if (!had.has(added)) this.#add(added, touched);
    this.#onNode.set(name, after);
  }

  #forget(name: string, touched: Touched): void {
    this.#replace(name, nothing, touched);
    this.#onNode.delete(name);
    this.#nodes.delete(name);
    this.#hosts.delete(name);
  }

  #add(sighting: Sighting, touched: Touched): void {
    this.#writable(sighting.id, touched).push(sighting);
    this.#containers += containersOf(sighting);
  }

  #remove(sighting: Sighting, touched: Touched): void {
    const { stack, service } = sighting.id;
    const list = this.#writable(sighting.id, touched);
    list.splice(list.indexOf(sighting), 1);
    this.#containers -= containersOf(sighting);
    if (list.length > 0) return;
    const services = this.#stacks.get(stack);
    services?.delete(service);
    if (services?.size === 0) this.#stacks.delete(stack);
  }

  /** A list that others may have remembered is never changed: this update gets a copy of its own. */
  #writable(id: InstanceId, touched: Touched): Sighting[] {
    const services = this.#stacks.get(id.stack) ?? new Map<string, Sighting[]>();
    if (services.size === 0) this.#stacks.set(id.stack, services);
    const list = services.get(id.service);
    if (list !== undefined && touched.lists.has(list)) return list;
    const copy = list === undefined ? [] : [...list];
    touched.lists.add(copy);
    touched.stacks.add(id.stack);
    services.set(id.service, copy);
    return copy;
  }
}

type Merged = readonly [path: string, InstanceId, ObservedInstance | null, AssignedId | null];

/** A node's observed and assigned instances side by side. Without container, attempt and job, an instance is not there, unless it was taken away. */
function merge(node: ObservedNode): readonly Merged[] {
  const merged = new Map<string, Merged>();
  for (const observed of node.instances) {
    const { current, attempt, drift, job } = observed;
    if (current === null && attempt === null && drift === undefined && job === undefined) continue;
    const path = instancePath(observed);
    merged.set(path, [path, observed, observed, null]);
  }
  for (const assigned of node.assigned) {
    const path = instancePath(assigned);
    const observed = merged.get(path)?.[2] ?? null;
    merged.set(path, [path, observed ?? assigned, observed, assigned]);
  }
  return [...merged.values()];
}

/** How many containers of an instance are known to serve, or to have served, on a node. */
export function containersOf({ observed }: Sighting): number {
  return (observed?.current ?? null) === null ? 0 : 1;
}

function byNumber(a: Sighting, b: Sighting): number {
  return a.id.number - b.id.number || compareText(a.host.name, b.host.name);
}
