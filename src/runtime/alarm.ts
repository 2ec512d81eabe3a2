import type { Clock } from './clock.ts';

/** One wake-up call at a time: setting it again replaces it. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #pending: AbortController | null = null;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Milliseconds since the epoch; a moment that is over rings soon, never at once. */
  set(at: number): void {
    this.clear();
    const pending = new AbortController();
    this.#pending = pending;
    void this.#clock.sleep(Math.max(0, at - this.#clock.now()), pending.signal).then(
      () => this.#due(pending),
      () => undefined,
    );
  }

  clear(): void {
    this.#pending?.abort(new Error('not needed any more'));
    this.#pending = null;
  }

  #due(pending: AbortController): void {
    if (this.#pending !== pending) return;
    this.#pending = null;
    this.#ring();
  }
}
