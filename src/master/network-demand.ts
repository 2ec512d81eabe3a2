import type { Service } from '../model/grid.ts';
import { instancePath, servicePath } from '../model/identity.ts';
import type { Step } from '../model/plan.ts';
import type { FleetNode } from './fleet.ts';

/** Instances that are about to be assigned, by node, of those that need an address of the grid. */
export type Arrivals = ReadonlyMap<string, readonly string[]>;

export function arrivalsOf(
  steps: readonly Step[],
  services: ReadonlyMap<string, Service>,
): Arrivals {
  const arrivals = new Map<string, string[]>();
  for (const step of steps) {
    if (step.kind !== 'create') continue;
    if (services.get(servicePath(step))?.spec.networkMode !== 'bridge') continue;
    const known = arrivals.get(step.node);
    if (known === undefined) arrivals.set(step.node, [instancePath(step)]);
    else known.push(instancePath(step));
  }
  return arrivals;
}

/** Counts the addresses that nodes need for containers. Counting is remembered: most nodes are as they were. */
export class NetworkDemand {
  readonly #counted = new WeakMap<FleetNode, ReadonlySet<string>>();

  /** `null`: the node has not told what is on it, so nothing of it may be given away. */
  of(node: FleetNode, arriving: readonly string[]): number | null {
    if (!node.observed) return null;
    const known = this.#counted.get(node) ?? addressed(node);
    this.#counted.set(node, known);
    return known.size + arriving.filter((path) => !known.has(path)).length;
  }
}

/** Whatever has a container may have an address, unless it is known to need none. */
function addressed({ assignment, instances }: FleetNode): ReadonlySet<string> {
  const paths = new Set<string>();
  const without = new Set<string>();
  for (const one of assignment?.instances ?? [])
    (one.spec.networkMode === 'bridge' ? paths : without).add(instancePath(one));
  for (const one of instances)
    if (one.current !== null && !without.has(instancePath(one))) paths.add(instancePath(one));
  return paths;
}
