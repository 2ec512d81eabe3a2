import type { NetworkMap, NetworkNode } from '../model/network.ts';
import { networkPorts } from '../model/network.ts';
import { nodeAddress, parseSubnet } from '../model/subnet.ts';
import { deviceNames } from './names.ts';
import { type RuleTable, ruleTables } from './rules.ts';
import { trustedAddress } from './trust.ts';

/** All that a host has to have for its node to take part in the overlay. */
export interface WantedHost {
  readonly wireguard: WantedWireguard;
  readonly vxlan: WantedVxlan;
  /** Where frames go whose receiver is not known, and where learned ones may lead: one address for each peer. */
  readonly entries: ReadonlySet<string>;
  readonly routes: readonly WantedRoute[];
  readonly rules: readonly RuleTable[];
}

export interface WantedWireguard {
  readonly publicKey: string;
  readonly port: number;
  readonly mtu: number;
  /** With its length. */
  readonly address: string;
  /** By public key. */
  readonly peers: ReadonlyMap<string, WantedPeer>;
}

export interface WantedPeer {
  /** Addresses that it is the way to, in order; none: it is reached by a relay. */
  readonly allowed: readonly string[];
}

export interface WantedVxlan {
  readonly vni: number;
  readonly port: number;
  readonly mtu: number;
  readonly bridge: string;
}

export interface WantedRoute {
  readonly destination: string;
  /** `null`: leads nowhere. */
  readonly device: string | null;
}

/** What the header of VXLAN takes, with the frame's own. */
const VXLAN_OVERHEAD = 50;

/** This node's part of the network. `relays`: by which node a peer is reached, by numbers. */
export function wantedHost(
  map: NetworkMap,
  self: NetworkNode,
  publicKey: string,
  relays: ReadonlyMap<number, number>,
): WantedHost {
  const peers = peersOf(map, self, publicKey);
  return {
    wireguard: {
      publicKey,
      port: self.port,
      mtu: map.mtu + VXLAN_OVERHEAD,
      address: `${tunnelAddress(map, self.number)}/32`,
      peers: wantedPeers(map, peers, relays),
    },
    vxlan: {
      vni: map.vni,
      port: networkPorts.vxlan,
      mtu: map.mtu,
      bridge: deviceNames.bridge,
    },
    entries: new Set(peers.map((peer) => farEnd(map, self, peer))),
    routes: [
      { destination: map.tunnelSubnet, device: deviceNames.wireguard },
      // Without the device, frames would leave in the clear, by the host's default route.
      { destination: map.tunnelSubnet, device: null },
    ],
    rules: ruleTables(map, self, peers),
  };
}

/** The others in the map. Two with one key, of hosts that were copied, cannot both be peers: the first of them is. */
export function peersOf(
  map: NetworkMap,
  self: NetworkNode,
  publicKey: string,
): readonly NetworkNode[] {
  const keys = new Set([publicKey]);
  const peers: NetworkNode[] = [];
  for (const node of map.nodes) {
    if (node.number === self.number || keys.has(node.publicKey)) continue;
    keys.add(node.publicKey);
    peers.push(node);
  }
  return peers;
}

export function tunnelAddress(map: NetworkMap, number: number): string {
  return nodeAddress(parseSubnet(map.tunnelSubnet), number);
}

/** Where a peer's frames come from and go to. */
function farEnd(map: NetworkMap, self: NetworkNode, peer: NetworkNode): string {
  return trustedAddress(map, self, peer) ?? tunnelAddress(map, peer.number);
}

/**
 * Trusted peers have their tunnels, too, and keep them alive: the switch between encrypted and trusted is then only a
 * forwarding entry, and such a pair can be a relay's way.
 */
function wantedPeers(
  map: NetworkMap,
  peers: readonly NetworkNode[],
  relays: ReadonlyMap<number, number>,
): ReadonlyMap<string, WantedPeer> {
  const carried = new Map<number, string[]>();
  for (const { number } of peers) {
    const way = relays.get(number) ?? number;
    const address = `${tunnelAddress(map, number)}/32`;
    const known = carried.get(way);
    if (known === undefined) carried.set(way, [address]);
    else known.push(address);
  }
  return new Map(
    peers.map((peer) => [peer.publicKey, { allowed: (carried.get(peer.number) ?? []).toSorted() }]),
  );
}
