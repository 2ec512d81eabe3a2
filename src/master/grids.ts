import type { GridController } from './controller.ts';

/** Controllers by grid, made when a grid is first heard of. */
export class Grids {
  readonly #create: (grid: string) => GridController;
  readonly #controllers = new Map<string, GridController>();

  constructor(create: (grid: string) => GridController) {
    this.#create = create;
  }

  get running(): ReadonlyMap<string, GridController> {
    return this.#controllers;
  }

  names(): readonly string[] {
    return [...this.#controllers.keys()];
  }

  of(grid: string): GridController {
    const known = this.#controllers.get(grid);
    if (known !== undefined) return known;
    const created = this.#create(grid);
    this.#controllers.set(grid, created);
    return created;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#controllers.values()].map(async (one) => await one.stop()));
  }
}
