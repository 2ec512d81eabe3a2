import type { NetworkFinding } from '../model/network-report.ts';
import type { NetworkStatus } from '../protocol/network-api.ts';

export type NodeNetwork = NetworkStatus['nodes'][number];
export type PeerSight = NonNullable<NodeNetwork['report']>['peers'][number];

export interface DoctorFinding extends NetworkFinding {
  /** Where: a node, two of them (`a ↔ b`), or the whole grid (empty). */
  readonly at: string;
}

/** What a node says of its way to another one; `null`: nothing. */
export function sightOf(from: NodeNetwork, to: NodeNetwork): PeerSight | null {
  if (from.status !== 'online') return null;
  return from.report?.peers.find((peer) => peer.node === to.number) ?? null;
}
