import type { Grid, NodeWish, Strategy } from '../model/grid.ts';
import type { HostReport } from '../model/host-report.ts';
import { compareText } from '../model/identity.ts';
import type { NodeFacts, ObservedNode } from '../model/observed.ts';
import type { PlanPolicy } from './policy.ts';

/**
 * Whether an instance on this node counts as being there. A Docker engine that does not answer its agent is no better than
 * an agent that does not report.
 * `present`: its agent reports. `silent`: not heard of yet, soon will be. `away`: gone for less than its service's
 * strategy allows, what it last reported counts. `lost`: gone for longer, its instances go elsewhere.
 */
export type Presence = 'present' | 'silent' | 'away' | 'lost';

/** A host node as placement judges it. It stays the same object until something in it changes. */
export interface HostNode {
  readonly name: string;
  readonly presence: Readonly<Record<Strategy, Presence>>;
  readonly draining: boolean;
  /** What the agent reports and what the grid wishes, together. */
  readonly labels: ReadonlySet<string>;
  /** Value of the label `region`, empty without one: the ha strategy spreads over regions first. */
  readonly region: string;
  /** Of the labels `region` and `az`: zones of two regions are two, whatever they are called. It spreads over them next. */
  readonly zone: string;
  /** `null`: this node has never reported, and all that is known of it is its name. */
  readonly facts: NodeFacts | null;
  /** Of the last sign of life, by the clock of the plan; `null` while it is present. */
  readonly goneSince: number | null;
  /** What is on it beside what the grid wants there; `null`: not known. */
  readonly report: HostReport | null;
  /** Why the Docker engine of a node whose agent reports does not answer; `null`: it does, or nobody can say. */
  readonly engineFault: string | null;
}

interface Circumstances {
  readonly grid: Grid;
  readonly now: number;
  readonly policy: PlanPolicy;
}

/** The grid's nodes by name. A node that equals the one in `known` is that very object. */
export function hostNodes(
  nodes: readonly ObservedNode[],
  known: ReadonlyMap<string, HostNode>,
  circumstances: Circumstances,
): readonly HostNode[] {
  return nodes
    .map((node) => {
      const next = hostNode(node, circumstances);
      const before = known.get(node.name);
      return before !== undefined && isSame(before, next) ? before : next;
    })
    .toSorted((a, b) => compareText(a.name, b.name));
}

function hostNode(node: ObservedNode, circumstances: Circumstances): HostNode {
  const wish = wishFor(circumstances.grid, node.name);
  const labels = new Set([...(node.facts?.labels ?? []), ...(wish?.labels ?? [])]);
  return {
    name: node.name,
    presence: {
      ha: presence(node, 'ha', circumstances),
      daemon: presence(node, 'daemon', circumstances),
      random: presence(node, 'random', circumstances),
    },
    draining: node.availability === 'drain' || wish?.availability === 'drain',
    labels,
    region: valueOf('region', labels),
    zone: `${valueOf('region', labels)}\n${valueOf('az', labels)}`,
    facts: node.facts,
    report: node.host ?? null,
    goneSince: goneSince(node),
    engineFault: node.status === 'online' ? (node.engineSilence?.reason ?? null) : null,
  };
}

function wishFor(grid: Grid, name: string): NodeWish | undefined {
  return Object.hasOwn(grid.nodes, name) ? grid.nodes[name] : undefined;
}

function presence(
  node: ObservedNode,
  strategy: Strategy,
  { grid, now, policy }: Circumstances,
): Presence {
  const since = goneSince(node);
  if (since === null) return 'present';
  const gone = now - since;
  if (node.status === 'unobserved' && gone < policy.observeGrace) return 'silent';
  return gone < gracePeriod(strategy, grid, policy) ? 'away' : 'lost';
}

function gracePeriod(strategy: Strategy, grid: Grid, policy: PlanPolicy): number {
  const seconds = grid.gracePeriods?.[strategy];
  return seconds === undefined ? policy.gracePeriod[strategy] : seconds * 1_000;
}

/** Of several, the first by name: a node is in one zone of one region. */
function valueOf(key: string, labels: ReadonlySet<string>): string {
  const prefix = `${key}=`;
  const found = [...labels].filter((label) => label.startsWith(prefix)).toSorted(compareText);
  return found[0]?.slice(prefix.length) ?? '';
}

/** A node that left while its engine was silent has been gone since that fell silent. */
function goneSince({ status, lastSeenAt, engineSilence }: ObservedNode): number | null {
  if (status === 'online') return engineSilence?.since ?? null;
  return Math.min(lastSeenAt, engineSilence?.since ?? lastSeenAt);
}

function isSame(a: HostNode, b: HostNode): boolean {
  return (
    a.presence.ha === b.presence.ha &&
    a.presence.daemon === b.presence.daemon &&
    a.presence.random === b.presence.random &&
    a.draining === b.draining &&
    a.goneSince === b.goneSince &&
    sameReport(a.report, b.report) &&
    a.engineFault === b.engineFault &&
    sameSet(a.labels, b.labels) &&
    sameFacts(a.facts, b.facts)
  );
}

/** Nothing is placed by which images a host has. */
function sameReport(a: HostReport | null, b: HostReport | null): boolean {
  return a === b || (a?.ports === b?.ports && a?.volumes === b?.volumes);
}

/** Of the facts, what filters ask for. */
function sameFacts(a: NodeFacts | null, b: NodeFacts | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  return (
    a.cpus === b.cpus &&
    a.memory === b.memory &&
    a.publishAddress === b.publishAddress &&
    a.jobs === b.jobs &&
    a.volumeDrivers.length === b.volumeDrivers.length &&
    a.volumeDrivers.every((driver, at) => driver === b.volumeDrivers[at])
  );
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false;
  for (const item of a) if (!b.has(item)) return false;
  return true;
}
