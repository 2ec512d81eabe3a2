import type { Difference } from '../model/drift.ts';

/** What somebody else has done to an instance of this node, in a row. */
export interface Interference {
  readonly count: number;
  /** Milliseconds since the epoch of the first and of the last time. */
  readonly since: number;
  readonly at: number;
  /** What was found at last, also when it is put right by now. */
  readonly differences: readonly Difference[];
  /** The container that was taken away or stopped, until there is one that runs: nothing else tells this from a crash. */
  readonly lost: Loss | null;
}

export interface Loss {
  readonly container: string;
  readonly how: 'removed' | 'stopped';
}

/** A person may err twice; whoever comes back then is another program. */
const AT_ONCE = 2;
const FIRST_PAUSE = 2_000;
const LAST_PAUSE = 300_000;
/** So often in a row is no accident: it is shown as stalled. */
export const STALLED_AFTER = 5;
/** What held this long, in milliseconds, is over: longer than the minute at which the quickest cron comes back. */
const PEACE = 120_000;

/** One more time: in the same row as the last, unless what was put right after that one held long enough. */
export function interfere(
  before: Interference | null,
  found: Pick<Interference, 'differences' | 'lost'>,
  now: number,
): Interference {
  if (before === null || now >= peaceAt(before)) return { ...found, count: 1, since: now, at: now };
  return { ...found, count: before.count + 1, since: before.since, at: now };
}

/** From when on it may be put right. */
export function repairAt(interference: Interference | null, now: number): number {
  if (interference === null) return 0;
  return Math.min(interference.at, now) + repairPause(interference.count);
}

/** Milliseconds: none for the first times, then 2 s, doubling up to 5 min. */
export function repairPause(count: number): number {
  if (count <= AT_ONCE) return 0;
  return Math.min(LAST_PAUSE, FIRST_PAUSE * 2 ** Math.min(count - AT_ONCE - 1, 20));
}

/** When it is forgotten if nothing more comes. */
export function peaceAt({ at, count }: Interference): number {
  return at + repairPause(count) + PEACE;
}

export function isStalled(interference: Interference | null): interference is Interference {
  return interference !== null && interference.count >= STALLED_AFTER;
}
