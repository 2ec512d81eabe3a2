import { errorMessage } from '../model/error.ts';
import type { Log } from './log.ts';

/** What was started, ended in reverse order; one that fails to end does not keep the others. */
export class Teardown {
  readonly #steps: { readonly what: string; readonly end: () => Promise<void> }[] = [];
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  push(what: string, end: () => Promise<void>): void {
    this.#steps.push({ what, end });
  }

  async all(): Promise<void> {
    for (const { what, end } of this.#steps.splice(0).toReversed())
      try {
        await end();
      } catch (error) {
        this.#log.error({ error: errorMessage(error) }, `${what} did not stop cleanly`);
      }
  }
}
