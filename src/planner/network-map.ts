import { digest } from '../model/digest.ts';
import type { Grid } from '../model/grid.ts';
import { compareText } from '../model/identity.ts';
import type { NetworkFacts, NetworkMap, NetworkNode } from '../model/network.ts';
import { parseSubnet } from '../model/subnet.ts';
import { giveSeats } from './network-seats.ts';
import { freeTunnelSubnet } from './tunnel-subnet.ts';

/** A node as the network sees it. */
export interface NetworkMember {
  readonly name: string;
  /** `null`: nothing is known of it but its name; if it is in the newest map, it stays there as it is. */
  readonly facts: NetworkFacts | null;
  /** Where its connection comes from; absent where it has not connected to this master yet. */
  readonly seenFrom?: string | null;
  /** How many of its containers need an address of the grid; `null`: not known. */
  readonly containers: number | null;
}

export type NetworkWishes = Pick<Grid, 'subnet' | 'trustedSubnets' | 'mtu'>;

export interface NetworkInput {
  readonly grid: string;
  /** The newest map that the master made; `null` before the first, and when its store was lost. */
  readonly before: NetworkMap | null;
  readonly wishes: NetworkWishes;
  /** All nodes of the grid: who is not among them is not in its network any more. */
  readonly nodes: readonly NetworkMember[];
  /** Maps that nodes brought back: signed by this master, and unknown to it. */
  readonly claims: readonly NetworkMap[];
}

/** A grid's network as it is, and what is not as it should be. */
export interface NetworkOutlook {
  /** `null`: no node was ever in it. */
  readonly map: NetworkMap | null;
  /** Nodes that are known and not in it, by name. */
  readonly leftOut: readonly LeftOut[];
  /** Nodes that are running out of addresses for containers while no pool is left, by name. */
  readonly tight: readonly string[];
}

export interface LeftOut {
  readonly node: string;
  /** Completes "node … is not in the grid's network: …". */
  readonly reason: string;
  /** It could be in the network, but there is no number or no pool for it. */
  readonly lacksRoom: boolean;
}

/**
 * The network map that follows from what is known now: the newest one itself where nothing in it changes, else one with a
 * version above all others. Numbers and pools stay with their nodes. Where maps disagree, which they do only when a store was
 * lost, the newer one is right. Lists may be in any order.
 */
export function nextNetworkMap(input: NetworkInput): NetworkOutlook {
  const maps = newestFirst(input.before === null ? input.claims : [input.before, ...input.claims]);
  const newest = maps[0] ?? null;
  const { entries, leftOut } = entriesOf(input.nodes, newest);
  if (newest === null && entries.length === 0) return { map: null, leftOut, tight: [] };
  const frame = frameOf(input, newest, entries);
  const { seats, tight } = giveSeats(entries, maps, parseSubnet(frame.subnet));
  const nodes: NetworkNode[] = [];
  const crowdedOut: LeftOut[] = [];
  for (const { name, told } of entries) {
    const seat = seats.get(name);
    if (seat === undefined) crowdedOut.push({ node: name, reason: noRoom(frame), lacksRoom: true });
    else nodes.push({ ...told, name, ...seat });
  }
  nodes.sort((a, b) => a.number - b.number);
  const map = { grid: input.grid, version: (newest?.version ?? 0) + 1, ...frame, nodes };
  return {
    map: isNews(map, maps) ? map : unchanged(input.before, newest),
    leftOut: [...leftOut, ...crowdedOut].toSorted((a, b) => compareText(a.node, b.node)),
    tight,
  };
}

/** What a node's line in the map says besides its seat. */
type Told = Omit<NetworkNode, 'name' | 'number' | 'pools'>;

interface Entry {
  readonly name: string;
  readonly containers: number | null;
  readonly told: Told;
}

type Frame = Omit<NetworkMap, 'grid' | 'version' | 'nodes'>;

/** Among equal versions, of which one master makes only one, any order will do as long as it is always the same. */
function newestFirst(maps: readonly NetworkMap[]): readonly NetworkMap[] {
  if (maps.length < 2) return maps;
  const digests = new Map(maps.map((map) => [map, digest(map)]));
  const textOf = (map: NetworkMap): string => digests.get(map) ?? '';
  return maps.toSorted((a, b) => b.version - a.version || compareText(textOf(a), textOf(b)));
}

/** Who is in the network, by name, and who is not. */
function entriesOf(
  members: readonly NetworkMember[],
  newest: NetworkMap | null,
): { readonly entries: readonly Entry[]; readonly leftOut: readonly LeftOut[] } {
  const known = new Map(newest?.nodes.map((node) => [node.name, node]));
  const entries: Entry[] = [];
  const leftOut: LeftOut[] = [];
  for (const { name, facts, seenFrom, containers } of members.toSorted(byName)) {
    const before = known.get(name);
    if (facts === null) {
      if (before !== undefined) entries.push({ name, containers, told: before });
      continue;
    }
    const told = toldBy(facts, seenFrom === undefined ? (before?.seenFrom ?? null) : seenFrom);
    if (told !== null) entries.push({ name, containers, told });
    else leftOut.push({ node: name, reason: whyNot(facts), lacksRoom: false });
  }
  return { entries, leftOut };
}

/** `null`: a node that says this is not in the network. */
function toldBy(facts: NetworkFacts, seenFrom: string | null): Told | null {
  const { mode, publicKey, port, publicAddress, addresses, region } = facts;
  if (mode !== 'overlay' || publicKey === null) return null;
  return { publicKey, port, publicAddress, addresses, seenFrom, region };
}

function whyNot({ mode, reason }: NetworkFacts): string {
  if (mode === 'overlay') return 'its agent has told no key';
  return reason ?? `its agent runs with --network ${mode}`;
}

/** From the first node to the last nothing of it changes but which subnets are trusted. */
function frameOf(
  { grid, wishes }: NetworkInput,
  newest: NetworkMap | null,
  entries: readonly Entry[],
): Frame {
  const { subnet, mtu, trustedSubnets } = wishes;
  if (newest !== null && (newest.nodes.length > 0 || entries.length === 0)) {
    const { grid: _grid, version: _version, nodes: _nodes, ...frame } = newest;
    return { ...frame, trustedSubnets };
  }
  const hosts = entries.flatMap(({ told }) => told.addresses);
  const tunnelSubnet = freeTunnelSubnet([subnet, ...trustedSubnets], hosts);
  return { subnet, tunnelSubnet, mtu, vni: vniOf(grid), trustedSubnets };
}

/** 24 bits, not 0. Grids never meet on a host: that two may have the same one does no harm. */
function vniOf(grid: string): number {
  return (Number.parseInt(digest(grid).slice(0, 8), 16) % 0xff_ff_ff) + 1;
}

function noRoom({ subnet }: Frame): string {
  return `${subnet} has no room for another node`;
}

function isNews(map: NetworkMap, maps: readonly NetworkMap[]): boolean {
  const newest = maps.filter((one) => one.version + 1 === map.version);
  const contents = contentsOf(map);
  return newest.length === 0 || newest.some((one) => contentsOf(one) !== contents);
}

/** Of two that say the same, the one that the master has. */
function unchanged(before: NetworkMap | null, newest: NetworkMap | null): NetworkMap | null {
  return before !== null && before.version === newest?.version ? before : newest;
}

function contentsOf(map: NetworkMap): string {
  return digest({ ...map, version: 0 });
}

function byName(a: NetworkMember, b: NetworkMember): number {
  return compareText(a.name, b.name);
}
