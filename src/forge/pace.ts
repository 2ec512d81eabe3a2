/** How often something may be begun: so many times within a span of milliseconds, wherever that span begins. */
export interface PaceLimit {
  readonly most: number;
  readonly within: number;
}

/**
 * Keeps to a limit without being told by whoever set it. What is under way counts as now: nobody knows when the other side
 * counts it, but that it is before its end. Times in milliseconds since the epoch.
 */
export class Pace {
  readonly #limit: PaceLimit;
  #ended: readonly number[] = [];
  #underWay = 0;

  constructor(limit: PaceLimit) {
    this.#limit = limit;
  }

  /** When the next may begin, as far as it is known: `now`, or later. An end may change it. */
  readyAt(now: number): number {
    const { most, within } = this.#limit;
    // What seems to have ended later than now was noted before the clock was set back.
    this.#ended = this.#ended.filter((at) => at <= now && at > now - within);
    const free = most - this.#underWay;
    if (free <= 0) return now + within;
    const first = this.#ended.at(-free);
    return first === undefined ? now : first + within;
  }

  /** `times`: it is as many at once. */
  begin(times = 1): void {
    this.#underWay += times;
  }

  end(now: number, times = 1): void {
    this.#underWay -= times;
    this.#ended = [...this.#ended, ...Array.from({ length: times }, () => now)];
  }
}
