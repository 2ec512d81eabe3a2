import type { NetworkMap, NetworkNode } from '../model/network.ts';
import { type Attempt, candidates, nextTurn, type Resolve, type Turn } from './endpoints.ts';
import { type Hearing, hear, isProbeDue } from './hearing.ts';
import { chooseRelays, relaysInUse } from './relays.ts';
import type { SeenPeer, WireguardState } from './seen.ts';
import { type PeerStatus, peerStatus, type Way } from './status.ts';
import { trustedAddress } from './trust.ts';

/** What is remembered of peers between two looks, by public key. Lost with the agent, and made again within a minute. */
export interface Memory {
  readonly hearings: ReadonlyMap<string, Hearing>;
  readonly attempts: ReadonlyMap<string, Attempt>;
}

export const noMemory: Memory = { hearings: new Map(), attempts: new Map() };

export interface Look {
  readonly map: NetworkMap;
  readonly self: NetworkNode;
  readonly peers: readonly NetworkNode[];
  readonly state: WireguardState | null;
  /** Whom peers say that they hear, by number; of those that answer. */
  readonly reports: ReadonlyMap<number, ReadonlySet<number>>;
  readonly resolve: Resolve;
  readonly now: number;
}

export interface Assessment {
  readonly memory: Memory;
  /** By which node a peer is reached, by numbers. */
  readonly relays: ReadonlyMap<number, number>;
  /** What is to be tried now, by public key. */
  readonly endpoints: ReadonlyMap<string, string>;
  readonly peers: readonly PeerStatus[];
  /** Numbers of the peers that are heard by their own tunnels. */
  readonly heard: ReadonlySet<number>;
  /** Of those the ones that are to say something. */
  readonly quiet: ReadonlySet<number>;
}

/** How long a peer that was never heard is tried before another way to it is looked for. The trying goes on. */
const GRACE = 6_000;

/** Makes of one look at the tunnels, and of what is remembered, how each peer is reached and what to try next. */
export function assess(before: Memory, look: Look): Assessment {
  const seen = new Map((look.state?.peers ?? []).map((peer) => [peer.publicKey, peer]));
  const hearings = new Map(
    look.peers.map(({ publicKey, number }) => [
      publicKey,
      hear(
        before.hearings.get(publicKey),
        { seen: seen.get(publicKey), isAnswering: look.reports.has(number) },
        look.now,
      ),
    ]),
  );
  const turns = takeTurns(before, look, seen, hearings);
  const heard = numbersOf(look, hearings, (hearing) => hearing.isHeard);
  const relays = relaysOf(look, hearings, heard);
  const names = new Map(look.peers.map(({ number, name }) => [number, name]));
  return {
    memory: {
      hearings,
      attempts: present(turns, ({ attempt }) => attempt),
    },
    relays,
    endpoints: present(turns, ({ endpoint }) => endpoint),
    peers: look.peers.map((peer) => {
      const relay = relays.get(peer.number);
      const way = wayTo(look, peer, hearings.get(peer.publicKey), relay);
      return peerStatus(peer, seen.get(peer.publicKey), way, names.get(relay ?? 0) ?? null);
    }),
    heard,
    quiet: numbersOf(look, hearings, (hearing) => isProbeDue(hearing, look.now)),
  };
}

function takeTurns(
  before: Memory,
  look: Look,
  seen: ReadonlyMap<string, SeenPeer>,
  hearings: ReadonlyMap<string, Hearing>,
): ReadonlyMap<string, Turn> {
  return new Map(
    look.peers.map((peer) => {
      const hearing = hearings.get(peer.publicKey);
      const state = {
        endpoint: seen.get(peer.publicKey)?.endpoint ?? null,
        isHeard: hearing?.isHeard === true,
        isAbsent: !seen.has(peer.publicKey),
      };
      const known = withLast(
        candidates(look.map, look.self, peer, look.resolve),
        hearing?.endpoint ?? null,
      );
      const attempt = before.attempts.get(peer.publicKey) ?? null;
      return [peer.publicKey, nextTurn(attempt, state, known, look.now)];
    }),
  );
}

/** Where a peer was heard from last, behind a router that nobody else knows, is where it is likely to be again. */
function withLast(known: readonly string[], last: string | null): readonly string[] {
  return last === null || known.includes(last) ? known : [last, ...known];
}

function relaysOf(
  look: Look,
  hearings: ReadonlyMap<string, Hearing>,
  heard: ReadonlySet<number>,
): ReadonlyMap<number, number> {
  const isLost = (hearing: Hearing): boolean =>
    !hearing.isHeard && (hearing.heardAt !== null || look.now - hearing.since >= GRACE);
  return chooseRelays({
    self: look.self.number,
    heard,
    lost: numbersOf(look, hearings, isLost),
    reports: look.reports,
    current: relaysInUse(look.map, look.peers, look.state),
  });
}

function numbersOf(
  look: Look,
  hearings: ReadonlyMap<string, Hearing>,
  which: (hearing: Hearing) => boolean,
): ReadonlySet<number> {
  return new Set(
    look.peers
      .filter(({ publicKey }) => {
        const hearing = hearings.get(publicKey);
        return hearing !== undefined && which(hearing);
      })
      .map(({ number }) => number),
  );
}

function wayTo(
  look: Look,
  peer: NetworkNode,
  hearing: Hearing | undefined,
  relay: number | undefined,
): Way {
  if (trustedAddress(look.map, look.self, peer) !== null) return 'trusted';
  if (hearing?.isHeard === true) return 'tunnel';
  if (relay !== undefined) return 'relay';
  const isWaited =
    hearing === undefined || (hearing.heardAt === null && look.now - hearing.since < GRACE);
  return isWaited ? 'waiting' : 'nothing';
}

function present<Key, Value, Part>(
  map: ReadonlyMap<Key, Value>,
  part: (value: Value) => Part | null,
): ReadonlyMap<Key, Part> {
  const found = new Map<Key, Part>();
  for (const [key, value] of map) {
    const chosen = part(value);
    if (chosen !== null) found.set(key, chosen);
  }
  return found;
}
