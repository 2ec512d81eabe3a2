import { errorMessage } from '../model/error.ts';
import type { Clock } from '../runtime/clock.ts';

export interface FaultNoticeOptions {
  readonly clock: Clock;
  /** The commit that does not get on; `null` before any is known. */
  readonly sha: () => string | null;
  readonly tell: (fault: { readonly sha: string; readonly message: string }) => Promise<void>;
  /** Says again what has become of a commit, in place of the fault. */
  readonly takeBack: (sha: string) => Promise<void>;
}

/** Milliseconds. A busy disk or a moment without memory is over by then, and nobody needs to hear of it. */
const PATIENCE = 5_000;

/**
 * Faults of ours, store or bug, are retried for ever; but whoever waits for the commit must not wait for ever without a
 * word. A fault that stays is told once for each commit, and taken back when it is over.
 */
export class FaultNotice {
  readonly #options: FaultNoticeOptions;
  #since: number | null = null;
  /** Commits of which a fault was told. */
  readonly #told = new Set<string>();

  constructor(options: FaultNoticeOptions) {
    this.#options = options;
  }

  /** Resolves to whether the fault was told now. Rejects when telling fails, too; it is told the next time then. */
  async failed(error: unknown): Promise<boolean> {
    const { clock, sha, tell } = this.#options;
    this.#since ??= clock.now();
    const commit = sha();
    if (commit === null || this.#told.has(commit)) return false;
    if (clock.now() - this.#since < PATIENCE) return false;
    await tell({ sha: commit, message: `${errorMessage(error)}; trying again` });
    this.#told.add(commit);
    return true;
  }

  async recovered(): Promise<void> {
    this.#since = null;
    for (const commit of this.#told) {
      await this.#options.takeBack(commit);
      this.#told.delete(commit);
    }
  }
}
