import { errorMessage, GridError } from '../model/error.ts';
import { ceiling } from '../runtime/backoff.ts';
import type { Activity } from './attempt.ts';

const ENGINE_BACKOFF = { base: 250, cap: 5_000 } as const;

/** What the engine does not do for one instance, and how often in a row: nothing that says anything about the instance. */
export class EngineTrouble {
  #count = 0;
  #step: string | null = null;
  /** What was said of the step that was refused last. */
  #refused: { readonly step: string; readonly message: string } | null = null;

  /** Whether this is the first time in a row. */
  get isNew(): boolean {
    return this.#count === 1;
  }

  /** What is being done, for people: a step that the engine has refused says so as well while it is tried again. */
  retold(activity: Activity | null): Activity | null {
    this.#step = activity?.message ?? null;
    if (activity === null || this.#refused?.step !== this.#step) return activity;
    return { ...activity, message: this.#refused.message };
  }

  /** In how many milliseconds it is tried again, and what is said until then. */
  note(error: unknown): { readonly delay: number; readonly message: string } {
    const delay = ceiling(ENGINE_BACKOFF, this.#count);
    this.#count += 1;
    const message = `${errorMessage(error)}; tried again in ${Math.ceil(delay / 1_000)} s`;
    const isRefusal = error instanceof GridError && error.code !== 'engine-unreachable';
    this.#refused = isRefusal && this.#step !== null ? { step: this.#step, message } : null;
    return { delay, message };
  }

  over(): void {
    this.#count = 0;
    this.#refused = null;
  }
}
