import type { SeenPeer } from './seen.ts';

/** What is remembered of one peer from one look to the next: whether it is heard by its own tunnel, and since when not. */
export interface Hearing {
  /** Bytes received from it, at the last look. */
  readonly received: number;
  /** When it was last known to be heard; `null`: not since we look. */
  readonly heardAt: number | null;
  readonly isHeard: boolean;
  /** Since when it is heard, or is not. */
  readonly since: number;
  /** Where it was when it was last heard: what its peers know of it may be less. */
  readonly endpoint: string | null;
}

/** One of two ends sends something at least this often. Below what common routers keep a UDP mapping for. */
export const KEEPALIVE_SECONDS = 15;
/** A peer that was not heard for this long is asked: from the first look that finds nothing new. */
const PROBE_AFTER = 2_500;
/** Its kernel answers at once, and where a firewall keeps it from that WireGuard does within ten seconds (KEEPALIVE_TIMEOUT). */
const SILENCE_LIMIT = 18_000;
/** Of a peer that has not answered for its names either, several times a second: at least two questions were lost. */
const SILENCE_LIMIT_UNANSWERED = 6_000;
/** WireGuard gives a session up after this (REJECT_AFTER_TIME), and makes a new one long before. */
const SESSION_LIMIT = 180_000;

/** One look at a peer. */
export interface Sight {
  /** Undefined while the device does not have it. */
  readonly seen: SeenPeer | undefined;
  /** It answers for its names, by whatever way. */
  readonly isAnswering: boolean;
}

/** Takes in one look at a peer. */
export function hear(
  before: Hearing | undefined,
  { seen, isAnswering }: Sight,
  now: number,
): Hearing {
  const heardAt = lastHeard(before, seen, now);
  const limit = isAnswering ? SILENCE_LIMIT : SILENCE_LIMIT_UNANSWERED;
  // Once silent, it is heard again by what it sends, not by answering on another way.
  const isRecent = heardAt === now || (before?.isHeard === true && now - (heardAt ?? 0) < limit);
  const isHeard = hasSession(seen, now) && isRecent;
  return {
    received: seen?.received ?? 0,
    heardAt,
    isHeard,
    since: before?.isHeard === isHeard ? before.since : now,
    endpoint: isHeard ? (seen?.endpoint ?? null) : (before?.endpoint ?? null),
  };
}

/** Whether to send something that has to be answered. */
export function isProbeDue(hearing: Hearing, now: number): boolean {
  return hearing.isHeard && hearing.heardAt !== null && now - hearing.heardAt >= PROBE_AFTER;
}

function lastHeard(
  before: Hearing | undefined,
  seen: SeenPeer | undefined,
  now: number,
): number | null {
  // An agent that was started again finds tunnels at work, and cannot tell for how long they are silent.
  if (before === undefined) return hasSession(seen, now) ? now : null;
  // A device that was made again counts from 0.
  const received = seen?.received ?? 0;
  return received !== before.received && received > 0 ? now : before.heardAt;
}

/** Both directions have worked: a session takes an answer. */
function hasSession(seen: SeenPeer | undefined, now: number): boolean {
  return seen !== undefined && seen.handshake !== null && now - seen.handshake < SESSION_LIMIT;
}
