import { nodeAddress, parseSubnet } from '../model/subnet.ts';
import { NodeList } from '../protocol/node-api.ts';
import { connect } from './connect.ts';
import type { Io } from './io.ts';
import type { Flags } from './settings-load.ts';

export interface ResolverWish {
  readonly grid: string;
  readonly subnet: string;
  /** Which master to ask. */
  readonly flags: Flags;
}

/** A second one, so that names go on when a node does not. */
const HOW_MANY = 2;
/** What comes back at once, or not at all: letting somebody in needs no master. */
const PATIENCE_MS = 3_000;

/** Overlay addresses of nodes, each of which answers every name of the grid. Those that are there, or else the first two. */
export async function resolversOf(io: Io, wish: ResolverWish): Promise<readonly string[]> {
  const known = await askQuickly(io, wish);
  const numbers = (known.length === 0 ? [1, 2] : known).slice(0, HOW_MANY);
  const subnet = parseSubnet(wish.subnet);
  return numbers.map((number) => nodeAddress(subnet, number));
}

/** Numbers of the grid's nodes, those first that are online; none where nobody can tell. */
async function askQuickly(io: Io, { grid, flags }: ResolverWish): Promise<readonly number[]> {
  const stop = AbortSignal.any([io.stop, AbortSignal.timeout(PATIENCE_MS)]);
  const client = await connect({ ...io, stop }, flags);
  try {
    const { nodes } = await client.get(NodeList, `/grids/${encodeURIComponent(grid)}/nodes`);
    const online = nodes.filter(({ status }) => status === 'online');
    return [...numbersOf(online), ...numbersOf(nodes.filter((node) => !online.includes(node)))];
  } catch {
    io.stop.throwIfAborted();
    return [];
  }
}

/** Masters that know of no network do not number their nodes. */
function numbersOf(nodes: readonly object[]): readonly number[] {
  return nodes
    .flatMap((node) => ('number' in node && typeof node.number === 'number' ? [node.number] : []))
    .toSorted((a, b) => a - b);
}
