import type { NetworkMap, NetworkNode } from '../model/network.ts';
import type { WireguardState } from './seen.ts';
import { tunnelAddress } from './wanted.ts';

/** What a node knows of the ways to its peers. Everything is by node number. */
export interface Ways {
  readonly self: number;
  /** Peers that this node hears by their own tunnels, right now. */
  readonly heard: ReadonlySet<number>;
  /** Peers that have been silent for long enough to look for another way to them. */
  readonly lost: ReadonlySet<number>;
  /** Whom each peer says that it hears by their own tunnels; peers that nothing is known of are left out. */
  readonly reports: ReadonlyMap<number, ReadonlySet<number>>;
  /** By whom peers are reached until now. */
  readonly current: ReadonlyMap<number, number>;
}

/**
 * By which node each peer is reached that cannot be reached itself: the smallest number that hears both, and that is heard.
 * Both ends choose by the same words of the same node, so they choose the same one; WireGuard takes packets of a peer by no
 * other way than the one that leads back to it. Only nodes with tunnels to both are chosen: no relay needs another.
 */
export function chooseRelays(ways: Ways): ReadonlyMap<number, number> {
  const candidates = [...ways.heard]
    .filter((number) => ways.reports.get(number)?.has(ways.self) === true)
    .toSorted((a, b) => a - b);
  const chosen = new Map<number, number>();
  for (const peer of new Set([...ways.lost, ...ways.current.keys()])) {
    if (ways.heard.has(peer) || peer === ways.self) continue;
    const relay = candidates.find((number) => ways.reports.get(number)?.has(peer) === true);
    const kept = relay ?? unheardOf(ways, peer);
    if (kept !== undefined) chosen.set(peer, kept);
  }
  return chosen;
}

/** An agent that was just started has no reports yet: what works is kept until somebody says otherwise. */
function unheardOf(ways: Ways, peer: number): number | undefined {
  const current = ways.current.get(peer);
  return current !== undefined && ways.heard.has(current) && !ways.reports.has(current)
    ? current
    : undefined;
}

/** By whom the device's peers are reached: an address of one is allowed to another. */
export function relaysInUse(
  map: NetworkMap,
  peers: readonly NetworkNode[],
  state: WireguardState | null,
): ReadonlyMap<number, number> {
  const numbers = new Map(peers.map(({ publicKey, number }) => [publicKey, number]));
  const ways = new Map<string, number>();
  for (const { publicKey, allowed } of state?.peers ?? []) {
    const number = numbers.get(publicKey);
    if (number !== undefined) for (const address of allowed) ways.set(address, number);
  }
  return new Map(
    peers.flatMap(({ number }): readonly [number, number][] => {
      const way = ways.get(`${tunnelAddress(map, number)}/32`);
      return way === undefined || way === number ? [] : [[number, way]];
    }),
  );
}
