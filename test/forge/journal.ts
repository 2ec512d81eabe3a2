export interface WaitOptions {
  /** For the error message: what is waited for. */
  readonly what: string;
  /** Milliseconds; 10 s by default. */
  readonly timeout?: number;
}

interface Waiter<T> {
  readonly matches: (entry: T) => boolean;
  readonly found: (entry: T) => void;
}

/** A list that only grows, and on whose entries one can wait. */
export class Journal<T> {
  readonly entries: T[] = [];
  readonly #waiters = new Set<Waiter<T>>();
  readonly #show: (entry: T) => string;

  constructor(show: (entry: T) => string) {
    this.#show = show;
  }

  add(entry: T): void {
    this.entries.push(entry);
    for (const waiter of this.#waiters) {
      if (waiter.matches(entry)) waiter.found(entry);
    }
  }

  /** The first entry that matches, those of the past included; when time is up, an error that says what was seen instead. */
  async waitFor(matches: (entry: T) => boolean, options: WaitOptions): Promise<T> {
    const past = this.entries.find(matches);
    if (past !== undefined) return past;
    const timeout = options.timeout ?? 10_000;
    return await new Promise<T>((resolve, reject) => {
      const waiter: Waiter<T> = {
        matches,
        found: (entry) => {
          this.#waiters.delete(waiter);
          clearTimeout(timer);
          resolve(entry);
        },
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`no ${options.what} within ${timeout} ms; seen: ${this.#seen()}`));
      }, timeout);
      this.#waiters.add(waiter);
    });
  }

  #seen(): string {
    if (this.entries.length === 0) return 'nothing';
    return this.entries.slice(-20).map(this.#show).join('; ');
  }
}
