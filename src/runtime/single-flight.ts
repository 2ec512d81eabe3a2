/**
 * Runs one piece of work at a time, newest wish wins.
 *
 * - At most one run is active. A `wake` during a run causes exactly one more run after it, however often it is called.
 * - A run never sees a wish that came after it started as handled: it is run again.
 * - `stop` aborts the active run's signal and resolves when it has ended; no run starts after it.
 * - A run that throws is handed to `onError`; the loop lives on.
 */
export class SingleFlight {
  readonly #work: (signal: AbortSignal) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #stopping = new AbortController();
  #wanted = false;
  #active: Promise<void> | null = null;

  constructor(work: (signal: AbortSignal) => Promise<void>, onError: (error: unknown) => void) {
    this.#work = work;
    this.#onError = onError;
  }

  wake(): void {
    if (this.#stopping.signal.aborted) return;
    this.#wanted = true;
    this.#active ??= this.#drain();
  }

  /** Resolves when nothing is running and nothing is wanted. */
  async idle(): Promise<void> {
    while (this.#active !== null) await this.#active;
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'));
    await this.idle();
  }

  async #drain(): Promise<void> {
    while (this.#wanted && !this.#stopping.signal.aborted) {
      this.#wanted = false;
      try {
        await this.#work(this.#stopping.signal);
      } catch (error) {
        if (!this.#stopping.signal.aborted) this.#onError(error);
      }
    }
    this.#active = null;
  }
}
