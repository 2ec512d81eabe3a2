import type { World } from '../support/world.ts';
import type { Change } from './schedule.ts';
import { changed, filesOf, firstWish, type Images, type Wish } from './wish.ts';

/** The commits of a run, one after the other. */
export class Branch {
  readonly #world: World;
  readonly #images: Images;
  /** By commit, in their order. */
  readonly #wishes: Map<string, Wish>;
  #wish = firstWish;

  constructor(world: World, images: Images, first: string) {
    this.#world = world;
    this.#images = images;
    this.#wishes = new Map([[first, firstWish]]);
  }

  get wish(): Wish {
    return this.#wish;
  }

  get commits(): readonly string[] {
    return [...this.#wishes.keys()];
  }

  wishOf(commit: string): Wish | null {
    return this.#wishes.get(commit) ?? null;
  }

  async push(change: Change): Promise<string> {
    const before = filesOf(this.#wish, this.#images);
    this.#wish = changed(this.#wish, change);
    const files = Object.entries(filesOf(this.#wish, this.#images)).filter(
      ([name, text]) => text !== before[name],
    );
    const sha = await this.#world.push(Object.fromEntries(files), change);
    this.#wishes.set(sha, this.#wish);
    return sha;
  }
}

export function firstFiles(images: Images): Readonly<Record<string, string>> {
  const files = Object.entries(filesOf(firstWish, images));
  return Object.fromEntries(files.flatMap(([name, text]) => (text === null ? [] : [[name, text]])));
}
