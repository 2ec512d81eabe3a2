/** What a node's agent says of the network as it finds it. Written by agents only; nothing is decided by it. */

/** How packets reach a peer: encrypted, in the clear between trusted nodes, by way of another node, or not at all. */
export type PeerWay = 'tunnel' | 'trusted' | 'relay' | 'none';

/** What one node knows of its way to another. */
export interface PeerReport {
  /** The peer's number. */
  readonly node: number;
  readonly way: PeerWay;
  /** Number of the node that passes packets on. */
  readonly relay: number | null;
  /** Where its packets go to, `address:port`; `null`: nothing was heard of it. */
  readonly endpoint: string | null;
  /** Milliseconds; `null`: not measured. */
  readonly roundTrip: number | null;
  /** Whether a packet as large as the grid's MTU arrives there; `null`: not known. */
  readonly fullSize: boolean | null;
}

export interface NetworkFinding {
  /** `error`: something cannot work. `warning`: it works less well, or not for long. `info`: good to know. */
  readonly severity: 'error' | 'warning' | 'info';
  /** kebab-case, a heading in docs/network-doctor.md. */
  readonly code: string;
  /** What is so, and what follows from it. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

export interface NetworkReport {
  /** Of the network map that the node goes by; 0 without one. */
  readonly version: number;
  /** By number. A peer that was not tried for long enough to say is missing. */
  readonly peers: readonly PeerReport[];
  readonly findings: readonly NetworkFinding[];
}

const severities = ['error', 'warning', 'info'] as const;

/** The worst first; else as they come. */
export function bySeverity(a: NetworkFinding, b: NetworkFinding): number {
  return severities.indexOf(a.severity) - severities.indexOf(b.severity);
}
