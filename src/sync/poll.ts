import type { Clock } from '../runtime/clock.ts';

export interface PollOptions {
  /** Milliseconds. */
  readonly interval: number;
  /** The share of the interval (0..1) by which each wait is longer or shorter, so that masters spread out. */
  readonly jitter: number;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly onTick: () => void;
  readonly signal: AbortSignal;
}

/** Ticks until the signal is aborted; resolves then. The first tick comes after one wait. */
export async function poll(options: PollOptions): Promise<void> {
  const { clock, signal, onTick } = options;
  while (!signal.aborted) {
    await clock.sleep(nextWait(options), signal).catch(() => undefined);
    if (!signal.aborted) onTick();
  }
}

function nextWait({ interval, jitter, random }: PollOptions): number {
  return Math.round(interval * (1 + jitter * (2 * random() - 1)));
}
