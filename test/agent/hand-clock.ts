import type { Clock } from '../../src/runtime/clock.ts';
import { NOW } from '../support/builders.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Time that a test turns by hand. Nothing sleeps longer than it is turned, and nothing wakes before its time. */
export class HandClock implements Clock {
  #now = NOW;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return this.#now;
  }

  /** Puts it right, or wrong: nothing that sleeps wakes of it before it is turned. */
  set(now: number): void {
    this.#now = now;
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const aborted = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason as Error);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      };
      const sleeper = { at: this.#now + milliseconds, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  /** Turns it, waking every sleeper at its own moment, and lets everything happen that follows from it. */
  async turn(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    await this.settle();
    for (let next = this.#next(until); next !== null; next = this.#next(until)) {
      this.#now = Math.max(this.#now, next.at);
      this.#sleepers.delete(next);
      next.wake();
      await this.settle();
    }
    this.#now = until;
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 30; turn += 1) await new Promise(setImmediate);
  }

  #next(until: number): Sleeper | null {
    const due = [...this.#sleepers].filter((one) => one.at <= until);
    return due.toSorted((a, b) => a.at - b.at)[0] ?? null;
  }
}
