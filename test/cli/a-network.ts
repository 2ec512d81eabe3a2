import type { NodeNetwork, PeerSight } from '../../src/cli/network-sight.ts';
import type { NetworkFinding } from '../../src/model/network-report.ts';
import type { NetworkStatus } from '../../src/protocol/network-api.ts';
import { NOW } from '../http/fake-operations.ts';

export function aSight(node: number, fields: Partial<PeerSight> = {}): PeerSight {
  return {
    node,
    way: 'tunnel',
    relay: null,
    endpoint: `10.77.0.${node}:6783`,
    roundTrip: 0.42,
    fullSize: true,
    ...fields,
  };
}

export function aNodeNetwork(
  number: number,
  fields: Partial<NodeNetwork> & {
    readonly peers?: readonly PeerSight[];
    readonly findings?: readonly NetworkFinding[];
  } = {},
): NodeNetwork {
  const { peers = [], findings = [], ...rest } = fields;
  return {
    name: `node-${number}`,
    status: 'online',
    number,
    address: `10.81.0.${number}`,
    mode: 'overlay',
    reason: null,
    port: 6783,
    publicAddress: null,
    addresses: [`10.77.0.${number}`],
    seenFrom: `10.77.0.${number}`,
    region: null,
    behindNat: null,
    report: { at: NOW - 20_000, version: 4, peers, findings },
    ...rest,
  };
}

export function aNetwork(
  nodes: readonly NodeNetwork[],
  fields: Partial<NetworkStatus> = {},
): NetworkStatus {
  return {
    grid: 'production',
    now: NOW,
    map: {
      version: 4,
      subnet: '10.81.0.0/16',
      tunnelSubnet: '10.83.0.0/16',
      mtu: 1370,
      trustedSubnets: [],
    },
    nodes,
    ...fields,
  };
}

/** So many nodes, of which each reaches each; `but` changes what one says of another. */
export function aMesh(
  count: number,
  but: (from: number, to: number) => Partial<PeerSight> | null = () => ({}),
  fields: (number: number) => Parameters<typeof aNodeNetwork>[1] = () => ({}),
): NetworkStatus {
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  return aNetwork(
    numbers.map((from) => {
      const peers = numbers.flatMap((to) => {
        const change = to === from ? null : but(from, to);
        return change === null ? [] : [aSight(to, change)];
      });
      return aNodeNetwork(from, { peers, ...fields(from) });
    }),
  );
}
