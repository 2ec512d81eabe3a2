/** How often something may be begun: so many times within a span of milliseconds, wherever that span begins. */
export interface PaceLimit {
  readonly most: number;
  readonly within: number;
}

/** Keeps to a limit without being told by whoever set it. Times in milliseconds since the epoch. */
export class Pace {
  readonly #limit: PaceLimit;
  #begun: readonly number[] = [];

  constructor(limit: PaceLimit) {
    this.#limit = limit;
  }

  /** When the next may begin: `now`, or later. */
  readyAt(now: number): number {
    const { most, within } = this.#limit;
    // What seems to have begun later than now was noted before the clock was set back.
    this.#begun = this.#begun.filter((at) => at <= now && at > now - within);
    const first = this.#begun.at(-most);
    return first === undefined ? now : first + within;
  }

  begin(now: number): void {
    this.#begun = [...this.#begun, now];
  }
}
