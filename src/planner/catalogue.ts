import { type DesiredState, mayBelongTo } from '../model/desired.ts';
import type { Service, Stack } from '../model/grid.ts';
import { compareText, type InstanceId } from '../model/identity.ts';
import type { Claimant } from './occupancy.ts';
import {
  isInScope,
  isSameScope,
  type PlanScope,
  requestOf,
  takesNothing,
  wholeGrid,
} from './scope.ts';

/** The services of a stack. */
export interface Shelf {
  /** By name. */
  readonly services: readonly Service[];
  readonly byName: ReadonlyMap<string, Service>;
}

/**
 * What is desired, to look things up in. Held stacks are in it by name only: whatever is seen of them is left alone, as are
 * stacks that the plan is not about. A stack that is the same object as before is not looked into again.
 */
export class Catalogue {
  readonly #shelves = new Map<string, Shelf>();
  #stacks: readonly Stack[] = [];
  #held: ReadonlySet<string> = new Set();
  #scope = wholeGrid;
  #others: ReadonlyMap<string, Shelf> = new Map();

  /** The names of the stacks that are not as they were at the last update; `null`: of any, wanted or not. */
  update(desired: DesiredState, scope: PlanScope): ReadonlySet<string> | null {
    const held = new Set(desired.held);
    const isSameHold =
      held.size === this.#held.size &&
      desired.held.every((name) => this.#held.has(name)) &&
      isSameScope(scope, this.#scope);
    const { gone, come } = difference(isSameHold ? this.#stacks : [], desired.stacks);
    if (!isSameHold) this.#shelves.clear();
    this.#held = held;
    if (scope.others !== this.#scope.others)
      this.#others = new Map(scope.others.map((stack) => [stack.name, shelve(stack)]));
    this.#scope = scope;
    this.#stacks = desired.stacks;
    for (const { name } of gone) this.#shelves.delete(name);
    for (const stack of come)
      if (!held.has(stack.name)) this.#shelves.set(stack.name, shelve(stack));
    return isSameHold ? new Set([...gone, ...come].map(({ name }) => name)) : null;
  }

  /** In no particular order. */
  get stacks(): Iterable<string> {
    return this.#shelves.keys();
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
    if (this.#shelves.has(stack)) return false;
    return !isInScope(this.#scope, stack) || mayBelongTo(this.#held, stack);
  }

  /** `null`: what is placed goes as if it were not there. */
  claimant({ stack, service: name, number }: InstanceId): Claimant | null {
    if (takesNothing(this.#scope, stack)) return null;
    const known = this.#shelves.get(stack) ?? this.#others.get(stack);
    const service = known?.byName.get(name) ?? null;
    const request = requestOf(this.#scope, stack);
    if (service === null) return { service, request, leaving: !this.isHeld(stack) };
    const leaving = service.strategy !== 'daemon' && number > service.instances;
    return { service, request, leaving };
  }
}

/**
 * What is in one list and not in the other. Both begin and end alike but for the few stacks that a commit touched, and to
 * compare two objects for identity takes next to nothing.
 */
function difference(
  before: readonly Stack[],
  after: readonly Stack[],
): { readonly gone: readonly Stack[]; readonly come: readonly Stack[] } {
  if (before === after) return { gone: [], come: [] };
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const old = new Set(before.slice(start, before.length - end));
  const now = new Set(after.slice(start, after.length - end));
  return {
    gone: [...old].filter((stack) => !now.has(stack)),
    come: [...now].filter((stack) => !old.has(stack)),
  };
}

function shelve(stack: Stack): Shelf {
  const services = stack.services.toSorted((a, b) => compareText(a.name, b.name));
  const byName = new Map(services.map((service) => [service.name, service]));
  return { services, byName };
}
