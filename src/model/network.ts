/**
 * A grid's network. The master decides what stands in the network map (planner/network-map), every node makes its own part of
 * the network from it (overlay) and asks nobody for anything else: it works, boots and heals with the master away.
 */

/** What an agent can do about a network on its host: nothing, a bridge for this host alone, or the grid's overlay. */
export type NetworkMode = 'none' | 'bridge' | 'overlay';

/** What a node says of itself when its agent connects. Written by agents only. */
export interface NetworkFacts {
  readonly mode: NetworkMode;
  /** Why there is no overlay where the agent tried to make one; absent where it was not to. */
  readonly reason?: string;
  /** Of the node's WireGuard key (X25519, base64), made on the node; `null` without an overlay. */
  readonly publicKey: string | null;
  /** UDP port that WireGuard listens on. */
  readonly port: number;
  /** What others reach the node by, when a person said so: an address or a host name. */
  readonly publicAddress: string | null;
  /** Addresses of the host's own interfaces, IPv4 and IPv6, the preferred private one first. */
  readonly addresses: readonly string[];
  /** Nodes of one region prefer each other's private addresses (Kontena's `region` label). */
  readonly region: string | null;
}

/** One node in its grid's network. */
export interface NetworkNode {
  readonly name: string;
  /** From 1, unique in the grid, kept while the node exists: the node's addresses follow from it. */
  readonly number: number;
  /** Indexes of the address pools of its containers, the first for good; more as it needs them. */
  readonly pools: readonly number[];
  /** WireGuard's, X25519, base64. */
  readonly publicKey: string;
  readonly port: number;
  readonly publicAddress: string | null;
  readonly addresses: readonly string[];
  /** Where the master sees its connection come from; `null` when that tells nothing. */
  readonly seenFrom: string | null;
  readonly region: string | null;
}

/**
 * All that the nodes of a grid have to know of each other, the same for each of them, signed by the master. Any node's copy
 * tells a master whose store was lost everything again.
 */
export interface NetworkMap {
  readonly grid: string;
  /** Grows with every change; a node takes only a newer one. */
  readonly version: number;
  /** IPv4, CIDR. This and the next three are the grid's for good: from its first node to its last. */
  readonly subnet: string;
  /** Addresses inside of the encrypted tunnels; apart from the subnet. */
  readonly tunnelSubnet: string;
  /** Bytes, as containers see it. */
  readonly mtu: number;
  /** VXLAN network identifier. */
  readonly vni: number;
  /** Nodes that both have an address in one of these talk to each other in the clear. */
  readonly trustedSubnets: readonly string[];
  /** By number. */
  readonly nodes: readonly NetworkNode[];
}

/** UDP and TCP ports between nodes, as Kontena documented them for Weave. */
export const networkPorts = {
  /** UDP, encrypted: the only one that has to be open between nodes that do not trust their network. */
  wireguard: 6783,
  /** UDP, in the clear: between nodes in a trusted subnet. */
  vxlan: 6784,
  /** TCP, inside of the overlay only: what each node knows of its own names. */
  zone: 6785,
} as const;

/** Underlay 1500, WireGuard over IPv6 80, VXLAN 50 (network.md, section C). */
export const DEFAULT_MTU = 1370;
