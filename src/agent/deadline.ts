/**
 * A signal that is aborted after `limit` milliseconds (`null`: not by time), or with the signal around it. Whoever makes one
 * calls `end`, so that neither a timer nor a listener outlives the call. Real time on purpose: it bounds real I/O.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout | null;
  readonly #outer: AbortSignal | undefined;
  readonly #forward = (): void => this.abort(this.#outer?.reason);
  #expired = false;

  constructor(limit: number | null, outer?: AbortSignal) {
    this.#outer = outer;
    this.#timer = limit === null ? null : setTimeout(() => this.#expire(limit), limit);
    if (outer?.aborted === true) this.#forward();
    outer?.addEventListener('abort', this.#forward, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True when time was up, false when the signal around it was aborted or nothing happened. */
  get expired(): boolean {
    return this.#expired;
  }

  /** Rejects with the signal's reason; never resolves. */
  get reached(): Promise<never> {
    const { signal } = this;
    return new Promise((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** A sign of life: the whole limit starts anew. */
  postpone(): void {
    this.#timer?.refresh();
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#forward);
  }

  #expire(limit: number): void {
    this.#expired = true;
    this.abort(new Error(`no answer within ${limit / 1_000} s`));
  }
}
