import { compareText } from '../model/identity.ts';
import type { Blocked } from '../model/plan.ts';
import { filters } from './filters.ts';
import type { HostNode } from './host-nodes.ts';
import type { Occupancy } from './occupancy.ts';
import type { Request } from './request.ts';

/** How many remarks a reason repeats before it refers to the list. */
const REMARKS = 3;
/** A plan with thousands of blocked instances must not list thousands of nodes for each. */
const MOST_NODES = 100;

/** What keeps an instance from every node: of many nodes with the same remark the first hundred. */
export interface Exclusion {
  readonly summary: string;
  readonly excluded: Blocked['excluded'];
}

/** An instance that no node can take: each node with the first filter that excludes it. */
export function blockedBy({ summary, excluded }: Exclusion, { id }: Request): Blocked {
  return { ...id, reason: summary, excluded };
}

/** A stateful instance whose node is no place for it any more. It stays where its data is. */
export function blockedInPlace(
  request: Request,
  home: HostNode,
  reason: string,
  hosts: readonly HostNode[],
): Blocked {
  const others = hosts.filter((host) => host !== home).map((host) => host.name);
  const because = `its data is on ${home.name}`;
  const elsewhere = shorten({ filter: 'stateful', nodes: others, reason: because });
  return {
    ...request.id,
    reason: `${reason}; a stateful instance does not move by itself`,
    excluded: [
      { filter: 'availability', nodes: [home.name], reason },
      ...(others.length > 0 ? [elsewhere] : []),
    ],
  };
}

/** A stateful instance that is seen nowhere, while there are nodes that nothing is known of: a second one must not start. */
export function blockedByUnknown({ id }: Request, unknown: readonly HostNode[]): Blocked {
  const nodes = unknown.map((host) => host.name);
  const reason = 'has never reported, and may hold its data';
  const advice = 'start its agent, or remove the node from the grid';
  const which = nodes.length === 1 ? `node ${nodes.join()}` : `each of ${nodes.join(', ')}`;
  return {
    ...id,
    reason: `${which} ${reason}: ${advice}`,
    excluded: [{ filter: 'stateful', nodes, reason }],
  };
}

/** What excluded each node, the filters in their order, then the remarks of each by what excluded most nodes. */
export function whatExcludes(request: Request, occupancy: Occupancy): Exclusion {
  const groups = new Map<string, { filter: string; nodes: string[]; reason: string; at: number }>();
  for (const host of occupancy.hosts) {
    const at = filters.findIndex((filter) => !filter.allows(host, request, occupancy));
    const filter = filters[at];
    const reason = filter?.explain(host, request, occupancy) ?? 'has its instances already';
    const key = `${at} ${reason}`;
    const group = groups.get(key);
    if (group === undefined)
      groups.set(key, { filter: filter?.name ?? 'strategy', nodes: [host.name], reason, at });
    else group.nodes.push(host.name);
  }
  const sorted = [...groups.values()].toSorted(
    (a, b) => a.at - b.at || b.nodes.length - a.nodes.length || compareText(a.reason, b.reason),
  );
  return { summary: summarise(sorted), excluded: sorted.map(shorten) };
}

function shorten(group: Blocked['excluded'][number]): Blocked['excluded'][number] {
  const { filter, nodes, reason } = group;
  if (nodes.length <= MOST_NODES) return { filter, nodes, reason };
  const all = `${reason}, ${nodes.length} nodes in all`;
  return { filter, nodes: nodes.slice(0, MOST_NODES), reason: all };
}

function summarise(excluded: Blocked['excluded']): string {
  if (excluded.length === 0) return 'no node can take it: the grid has none yet';
  const remarks = excluded.slice(0, REMARKS).map(({ nodes, reason }) => {
    const where = nodes.length > REMARKS ? `${nodes.length} nodes` : nodes.join(', ');
    return `${reason} (${where})`;
  });
  const more = excluded.length - remarks.length;
  if (more > 0) remarks.push(`${more} more reason${more === 1 ? '' : 's'}`);
  return `no node can take it: ${remarks.join('; ')}`;
}
