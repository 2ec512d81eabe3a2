import type { Clock } from '../runtime/clock.ts';

export interface StepBackOptions {
  readonly clock: Clock;
  readonly isAncestor: (older: string, newer: string) => Promise<boolean>;
}

/** Milliseconds. Copies of a forge lag behind for seconds. */
const LASTING = 15_000;

/**
 * A branch that is seen at a commit from its own past: either a copy of the forge that lags behind has answered, and nothing
 * has happened, or somebody has set the branch back. Only what lasts is the latter. Any other move is followed at once: a
 * history that was replaced is no past.
 */
export class StepBack {
  readonly #options: StepBackOptions;
  #seen: { readonly head: string; readonly at: number } | null = null;

  constructor(options: StepBackOptions) {
    this.#options = options;
  }

  /** Whether the branch, known to have been at `known`, is to be followed to where it is seen now. */
  async isReal(head: string, known: string | null): Promise<boolean> {
    const { clock, isAncestor } = this.#options;
    if (known === null || head === known || !(await isAncestor(head, known))) {
      this.#seen = null;
      return true;
    }
    const now = clock.now();
    const since = this.#seen?.head === head && this.#seen.at <= now ? this.#seen.at : now;
    this.#seen = { head, at: since };
    return now - since >= LASTING;
  }
}
