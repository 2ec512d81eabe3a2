import { compareText } from '../model/identity.ts';
import { isBehindNat } from '../model/nat.ts';
import type { NetworkMap, NetworkNode } from '../model/network.ts';
import { nodeAddress, parseSubnet } from '../model/subnet.ts';
import type { NetworkStatus } from '../protocol/network-api.ts';
import type { FleetNode } from './fleet.ts';
import type { HeardReport } from './network-reports.ts';

/** Pure: what the API shows of one grid's network, from its map, its nodes and their reports. */
export function networkStatus(of: {
  readonly grid: string;
  readonly now: number;
  readonly map: NetworkMap | null;
  readonly nodes: readonly FleetNode[];
  readonly reportOf: (node: string) => HeardReport | null;
}): NetworkStatus {
  const { grid, now, map, nodes, reportOf } = of;
  const seats = new Map(map?.nodes.map((node) => [node.name, node]));
  const known = new Map(nodes.map((node) => [node.name, node]));
  // A node may be in a recalled map before it has connected.
  const names = [...new Set([...seats.keys(), ...known.keys()])];
  return {
    grid,
    now,
    map: map === null ? null : mapFacts(map),
    nodes: names
      .map((name) =>
        nodeStatus(name, known.get(name) ?? null, {
          map,
          seat: seats.get(name) ?? null,
          heard: reportOf(name),
        }),
      )
      .toSorted(byNumber),
  };
}

function mapFacts({ version, subnet, tunnelSubnet, mtu, trustedSubnets }: NetworkMap) {
  return { version, subnet, tunnelSubnet, mtu, trustedSubnets };
}

type NodeNetwork = NetworkStatus['nodes'][number];

function nodeStatus(
  name: string,
  node: FleetNode | null,
  of: {
    readonly map: NetworkMap | null;
    readonly seat: NetworkNode | null;
    readonly heard: HeardReport | null;
  },
): NodeNetwork {
  const { map, seat, heard } = of;
  const facts = node?.facts?.network ?? null;
  return {
    name,
    status: node === null ? 'unobserved' : statusOf(node),
    number: seat?.number ?? null,
    address:
      map === null || seat === null ? null : nodeAddress(parseSubnet(map.subnet), seat.number),
    mode: facts?.mode ?? (seat === null ? null : 'overlay'),
    reason: facts?.reason ?? null,
    port: seat?.port ?? facts?.port ?? null,
    publicAddress: seat?.publicAddress ?? facts?.publicAddress ?? null,
    addresses: seat?.addresses ?? facts?.addresses ?? [],
    seenFrom: seat?.seenFrom ?? null,
    region: seat?.region ?? facts?.region ?? null,
    behindNat: seat === null ? null : isBehindNat(seat),
    report: heard === null ? null : { at: heard.at, ...heard.report },
  };
}

function statusOf({ online, observed }: FleetNode): NodeNetwork['status'] {
  if (online) return 'online';
  return observed ? 'offline' : 'unobserved';
}

/** Those without a number last. */
function byNumber(a: NodeNetwork, b: NodeNetwork): number {
  const last = Number.POSITIVE_INFINITY;
  const [first, second] = [a.number ?? last, b.number ?? last];
  return first === second ? compareText(a.name, b.name) : first - second;
}
