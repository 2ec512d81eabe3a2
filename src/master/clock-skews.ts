/** What a measurement has to say that is news. */
export type SkewNews = 'skewed' | 'right' | null;

/** What was told last, and the newest measurements in milliseconds: positive ones are ahead of this clock. */
interface Measured {
  readonly latest: readonly number[];
  readonly isSkewed: boolean;
}

/** Whole seconds; certificates, logs and the times of events are off by as much. */
const SKEWED = 5;
const RIGHT = 3;
/** Of two heartbeats and what is said at the beginning. */
const REMEMBERED = 4;

/**
 * How far the clocks of nodes are from this master's. A time that is told arrives late, never early: so of the last
 * measurements the greatest is the truest, and a network that stalls for a while is no skew.
 */
export class ClockSkews {
  readonly #nodes = new Map<string, Measured>();

  /** `null`: nobody has said. Whole seconds. */
  of(node: string): number | null {
    const measured = this.#nodes.get(node);
    return measured === undefined ? null : secondsOf(measured.latest);
  }

  /** A session begins: its clock may have been set since the last one. */
  begin(node: string, skew: number): SkewNews {
    return this.#take(node, [skew]);
  }

  take(node: string, skew: number): SkewNews {
    const before = this.#nodes.get(node)?.latest ?? [];
    return this.#take(node, [...before, skew].slice(-REMEMBERED));
  }

  /** It is gone for good, or away: what its clock is now nobody knows. */
  forget(node: string): void {
    this.#nodes.delete(node);
  }

  #take(node: string, latest: readonly number[]): SkewNews {
    const wasSkewed = this.#nodes.get(node)?.isSkewed ?? false;
    const isSkewed = Math.abs(secondsOf(latest)) >= (wasSkewed ? RIGHT : SKEWED);
    this.#nodes.set(node, { latest, isSkewed });
    if (isSkewed === wasSkewed) return null;
    return isSkewed ? 'skewed' : 'right';
  }
}

function secondsOf(latest: readonly number[]): number {
  // Never -0, which JSON and people do not know.
  return Math.round(Math.max(...latest) / 1_000) + 0;
}
