import type { Freeze } from '../model/deploy-window.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Freezes as FreezeRecords } from '../store/freezes.ts';

export interface FreezesOptions {
  readonly records: FreezeRecords;
  readonly clock: Clock;
}

/** Which grids are frozen. Durable first: a freeze that was answered for outlives the master. */
export class Freezes {
  readonly #options: FreezesOptions;
  readonly #freezes = new Map<string, Freeze>();

  constructor(options: FreezesOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    for (const { grid, ...freeze } of await this.#options.records.list())
      this.#freezes.set(grid, freeze);
  }

  /** The one that is in force. */
  of(grid: string): Freeze | null {
    const freeze = this.#freezes.get(grid) ?? null;
    const end = freeze?.until ?? null;
    return end !== null && end <= this.#options.clock.now() ? null : freeze;
  }

  async set(grid: string, freeze: Freeze): Promise<void> {
    await this.#options.records.put({ grid, ...freeze });
    this.#freezes.set(grid, freeze);
  }

  /** False when the grid was not frozen. */
  async lift(grid: string): Promise<boolean> {
    const wasFrozen = this.of(grid) !== null;
    await this.#options.records.remove(grid);
    this.#freezes.delete(grid);
    return wasFrozen;
  }
}
