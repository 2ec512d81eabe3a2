import type { Grid } from '../model/grid.ts';
import type { NetworkMap } from '../model/network.ts';
import { parseSubnet, poolSize } from '../model/subnet.ts';
import type { LeftOut, NetworkOutlook } from './network-map.ts';
import { oneLine } from './printable.ts';

const LONGEST_REASON = 300;

interface Asked {
  readonly grid: Grid;
  readonly network: NetworkOutlook;
  /** How many there are in the grid. */
  readonly nodes: number;
  /** Whether the node has, or is to get, containers that are to be in the grid's network. */
  readonly needsNetwork: (node: string) => boolean;
}

/** What the network of the grid is not, although the repository looks as if it were. */
export function networkWarnings({ grid, network, nodes, needsNetwork }: Asked): readonly string[] {
  const { map, leftOut, tight } = network;
  const alone = nodes < 2 ? [] : leftOut.filter((one) => one.lacksRoom || needsNetwork(one.node));
  return [...alone.map(aloneWarning), ...(map === null ? [] : mapWarnings(map, { grid, tight }))];
}

function aloneWarning({ node, reason }: LeftOut): string {
  const why = oneLine(reason, LONGEST_REASON);
  return `node ${node} is not in the grid's network (${why}): its containers are reached only from itself`;
}

function mapWarnings(
  map: NetworkMap,
  { grid, tight }: { readonly grid: Grid; readonly tight: readonly string[] },
): readonly string[] {
  if (map.nodes.length === 0) return [];
  const pools = new Map(map.nodes.map((node) => [node.name, node.pools.length]));
  const size = poolSize(parseSubnet(map.subnet));
  return [
    ...fixedWarning('subnet', map.subnet, grid.subnet),
    ...fixedWarning('MTU', map.mtu, grid.mtu),
    ...tight.map(
      (node) =>
        `node ${node} has most of its ${size * (pools.get(node) ?? 0)} addresses for containers in use, and ${map.subnet} has no more`,
    ),
  ];
}

function fixedWarning(
  what: string,
  fixed: string | number,
  wish: string | number,
): readonly string[] {
  if (fixed === wish) return [];
  return [
    `the ${what} of a grid is fixed when its first node joins: it stays ${fixed}, and ${wish} of grid.yml is not used`,
  ];
}
