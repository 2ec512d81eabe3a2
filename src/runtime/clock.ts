/** Time as an argument: tests turn it by hand. All times are milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Resolves after `milliseconds`, 24 days at most; rejects with the signal's reason when it is aborted first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** A longer one overflows a timer, and is over at once. */
const LONGEST_SLEEP = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const timer = setTimeout(done, Math.min(milliseconds, LONGEST_SLEEP));
      function done(): void {
        signal?.removeEventListener('abort', aborted);
        resolve();
      }
      function aborted(): void {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      }
      signal?.addEventListener('abort', aborted, { once: true });
    }),
};

/** For ages and time limits alone: nobody sets it, it never goes back, and its numbers mean nothing by themselves. */
export const monotonicClock: Clock = { ...systemClock, now: () => performance.now() };

/** A clock on the wall, which anybody may set, and one that nobody does: milliseconds since some moment. */
export interface Clocks {
  readonly clock: Clock;
  readonly uptime: () => number;
}

/** What a moment of the clock that nobody sets is called by the one on the wall, as that is set now. */
export function wallTime(moment: number, { clock, uptime }: Clocks): number {
  return Math.round(clock.now() - (uptime() - moment));
}
