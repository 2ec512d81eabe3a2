import type { Update } from '../protocol/update-api.ts';

/** Tells everyone who watches what has just changed. Nothing is kept here: who comes late asks the store. */
export class UpdateHub {
  readonly #listeners = new Set<(update: Update) => void>();
  readonly #touched = new Set<string>();

  subscribe(listener: (update: Update) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(update: Update): void {
    for (const listener of this.#listeners) listener(update);
  }

  /** Says that a grid looks different now; many changes in a short time are said once. */
  touch(grid: string): void {
    if (this.#touched.has(grid)) return;
    this.#touched.add(grid);
    setTimeout(() => {
      this.#touched.delete(grid);
      this.publish({ kind: 'grid', grid });
    }, TOUCH_MILLISECONDS).unref();
  }
}

/** As often as a page that a person looks at is worth redrawing. */
const TOUCH_MILLISECONDS = 200;
