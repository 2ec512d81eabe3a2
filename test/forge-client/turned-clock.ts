import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/runtime/clock.ts';

/** Time that only passes when the test says so. */
export class TurnedClock implements Clock {
  #now = 1_000_000;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { at: this.#now + milliseconds, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
        reject(signal.reason as Error);
      });
    });
  }

  /** When the next sleeper wakes, from now. */
  get nextAlarm(): number | null {
    if (this.#sleepers.length === 0) return null;
    return Math.min(...this.#sleepers.map((each) => each.at)) - this.#now;
  }

  /** Lets time pass and whoever slept until then go on. */
  async advance(milliseconds: number): Promise<void> {
    this.#now += milliseconds;
    const awake = this.#sleepers.filter((each) => each.at <= this.#now);
    this.#sleepers = this.#sleepers.filter((each) => each.at > this.#now);
    for (const sleeper of awake) sleeper.wake();
    await turn();
  }
}
