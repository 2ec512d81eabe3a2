import { type DesiredState, mayBelongTo } from '../model/desired.ts';
import type { Service, Stack } from '../model/grid.ts';
import { compareText, type InstanceId } from '../model/identity.ts';
import type { Claimant } from './occupancy.ts';

/** The services of a stack. */
export interface Shelf {
  readonly stack: string;
  /** By name. */
  readonly services: readonly Service[];
  readonly byName: ReadonlyMap<string, Service>;
}

/** What is desired, to look things up in. Held stacks are in it by name only: whatever is seen of them is left alone. */
export class Catalogue {
  readonly #shelves = new Map<string, Shelf>();
  readonly #held: ReadonlySet<string>;

  /** `shelves` outlives the catalogue: a stack that is the same object is not looked through again. */
  constructor(desired: DesiredState, shelves: WeakMap<Stack, Shelf>) {
    this.#held = new Set(desired.held);
    const stacks = desired.stacks.toSorted((a, b) => compareText(a.name, b.name));
    for (const stack of stacks) {
      if (this.#held.has(stack.name)) continue;
      const shelf = shelves.get(stack) ?? shelve(stack);
      shelves.set(stack, shelf);
      this.#shelves.set(stack.name, shelf);
    }
  }

  /** By name. */
  shelves(): Iterable<Shelf> {
    return this.#shelves.values();
  }

  /** `null`: no revision wants anything of this stack. */
  shelf(stack: string): Shelf | null {
    return this.#shelves.get(stack) ?? null;
  }

  /** `null`: no revision wants it. */
  service(stack: string, name: string): Service | null {
    return this.#shelves.get(stack)?.byName.get(name) ?? null;
  }

  isHeld(stack: string): boolean {
    return !this.#shelves.has(stack) && mayBelongTo(this.#held, stack);
  }

  claimant({ stack, service: name, number }: InstanceId): Claimant {
    const service = this.service(stack, name);
    if (service === null) return { service, leaving: !this.isHeld(stack) };
    return { service, leaving: service.strategy !== 'daemon' && number > service.instances };
  }
}

export type Shelves = WeakMap<Stack, Shelf>;

function shelve(stack: Stack): Shelf {
  const services = stack.services.toSorted((a, b) => compareText(a.name, b.name));
  const byName = new Map(services.map((service) => [service.name, service]));
  return { stack: stack.name, services, byName };
}
