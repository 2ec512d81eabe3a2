import type { NetworkFacts, NetworkMap, NetworkNode } from '../../src/model/network.ts';

/** A WireGuard key that is as good as any other, and one for each name. */
export function wireguardKey(name: string): string {
  return Buffer.from(name.padEnd(32, '.').slice(0, 32)).toString('base64');
}

/** Of a node that is to be in the overlay. */
export function networkFacts(name: string, overrides: Partial<NetworkFacts> = {}): NetworkFacts {
  return {
    mode: 'overlay',
    publicKey: wireguardKey(name),
    port: 6783,
    publicAddress: null,
    addresses: ['10.77.0.1'],
    region: null,
    ...overrides,
  };
}

export function aNetworkNode(
  name: string,
  number: number,
  overrides: Partial<NetworkNode> = {},
): NetworkNode {
  return {
    name,
    number,
    pools: [number],
    publicKey: wireguardKey(name),
    port: 6783,
    publicAddress: null,
    addresses: ['10.77.0.1'],
    seenFrom: null,
    region: null,
    ...overrides,
  };
}

export function aNetworkMap(
  nodes: readonly NetworkNode[],
  overrides: Partial<NetworkMap> = {},
): NetworkMap {
  return {
    grid: 'demo',
    version: 1,
    subnet: '10.81.0.0/16',
    tunnelSubnet: '10.83.0.0/16',
    mtu: 1370,
    vni: 81,
    trustedSubnets: [],
    nodes,
    ...overrides,
  };
}
