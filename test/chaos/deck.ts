import type { Chance } from './chance.ts';

/** Deals everything once, in an order by chance, before it deals anything again. */
export class Deck<T> {
  readonly #all: readonly T[];
  readonly #chance: Chance;
  #left: T[] = [];

  constructor(all: readonly T[], chance: Chance) {
    this.#all = all;
    this.#chance = chance;
  }

  deal(): T {
    if (this.#left.length === 0) this.#left = this.#chance.shuffled(this.#all);
    const [dealt] = this.#left.splice(0, 1);
    if (dealt === undefined) throw new Error('an empty deck');
    return dealt;
  }
}
