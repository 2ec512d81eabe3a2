import type { Candidates } from './candidates.ts';
import type { Occupancy } from './occupancy.ts';

/**
 * What was found out about instances that no node has room for. Those who share candidates have the same needs, so until
 * something becomes free it is the same for all of them.
 */
export class UntilFreed<T> {
  readonly #known = new Map<Candidates, { readonly found: T; readonly frees: number }>();

  get(candidates: Candidates, { frees }: Occupancy): T | undefined {
    const known = this.#known.get(candidates);
    return known?.frees === frees ? known.found : undefined;
  }

  set(candidates: Candidates, found: T, { frees }: Occupancy): void {
    this.#known.set(candidates, { found, frees });
  }
}
