import type { PeerStatus, Way } from './status.ts';

/** One line of a node's history, as agents tell it. */
export interface OverlayEvent {
  readonly severity: 'info' | 'warning' | 'error';
  readonly kind: string;
  readonly message: string;
}

/** What was last said of each peer, by number. */
export type SaidWays = ReadonlyMap<number, Way>;

const MOST_NAMES = 5;

/** What to tell when the ways to peers have changed: one event for all peers that the same happened to. */
export function changesOf(
  said: SaidWays,
  peers: readonly PeerStatus[],
): { readonly said: SaidWays; readonly events: readonly OverlayEvent[] } {
  const known = peers.filter(({ way }) => way !== 'waiting');
  const changed = known.filter(({ number, way }) => said.get(number) !== way);
  const lost = changed.filter(({ way }) => way === 'nothing');
  const relayed = changed.filter(({ way }) => way === 'relay');
  // That a peer is reached from the start is nothing to tell.
  const back = changed.filter(
    ({ number, way }) => (way === 'tunnel' || way === 'trusted') && wasWorse(said.get(number)),
  );
  return {
    said: nextSaid(said, peers),
    events: [...told(LOST, lost), ...told(RELAYED, relayed), ...told(BACK, back)],
  };
}

function wasWorse(way: Way | undefined): boolean {
  return way === 'nothing' || way === 'relay';
}

/** Of those that are waited for, what was said holds. */
function nextSaid(said: SaidWays, peers: readonly PeerStatus[]): SaidWays {
  return new Map(
    peers.flatMap(({ number, way }): readonly [number, Way][] => {
      const now = way === 'waiting' ? said.get(number) : way;
      return now === undefined ? [] : [[number, now]];
    }),
  );
}

interface Kind {
  readonly severity: OverlayEvent['severity'];
  readonly kind: string;
  readonly text: (names: string) => string;
}

const LOST: Kind = {
  severity: 'warning',
  kind: 'peer-unreachable',
  text: (names) => `cannot reach ${names} on the overlay, neither directly nor by a relay`,
};
const RELAYED: Kind = {
  severity: 'info',
  kind: 'peer-relayed',
  text: (names) => `reaches ${names}`,
};
const BACK: Kind = {
  severity: 'info',
  kind: 'peer-reachable',
  text: (names) => `reaches ${names} on the overlay directly again`,
};

function told(
  { severity, kind, text }: Kind,
  peers: readonly PeerStatus[],
): readonly OverlayEvent[] {
  if (peers.length === 0) return [];
  const names = peers.slice(0, MOST_NAMES).map(({ name, relay }) => nameOf(name, relay));
  const more = peers.length - names.length;
  const listed = more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
  return [{ severity, kind, message: text(listed) }];
}

function nameOf(name: string, relay: string | null): string {
  return relay === null ? name : `${name} through ${relay}`;
}
