import type { Service } from '../model/grid.ts';
import { compareText } from '../model/identity.ts';
import type { Sighting } from './index-observed.ts';

/** A service that has something to do, with what is seen of it. */
export interface Due {
  readonly service: Service;
  readonly sightings: readonly Sighting[];
}

/** What can be said of one stack, wanted or not, from what is desired and seen of it. */
export interface Entry {
  /** How many instances are wanted. */
  readonly wanted: number;
  readonly due: readonly Due[];
  readonly orphans: readonly Sighting[];
  readonly warnings: readonly string[];
  /** It also depends on the nodes as such. */
  readonly isOfNodes: boolean;
  /** It also depends on what other stacks do: nothing says when it has changed. */
  readonly isOfOthers: boolean;
}

/**
 * The sum of what is known of all stacks. It is kept from plan to plan, and an entry is made anew only when something that it
 * depends on has changed: a plan costs what has changed and what is still to be done, however much there is that is as it
 * should be.
 */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  /** Names of those that are worth looking at in each plan. */
  readonly #busy = new Set<string>();
  readonly #ofNodes = new Set<string>();
  readonly #ofOthers = new Set<string>();
  #wanted = 0;

  /** Of all stacks. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Names of all stacks that it has an entry of. */
  get stacks(): Iterable<string> {
    return this.#entries.keys();
  }

  /** By stack. */
  get busy(): readonly Entry[] {
    const names = [...this.#busy].toSorted(compareText);
    return names.flatMap((name) => this.#entries.get(name) ?? []);
  }

  /** Makes these entries anew, and those that depend on what has changed besides. */
  update(
    stacks: Iterable<string>,
    of: { readonly nodes: boolean; readonly look: (stack: string) => Entry },
  ): void {
    const names = new Set([...stacks, ...this.#ofOthers, ...(of.nodes ? this.#ofNodes : [])]);
    for (const name of names) this.#put(name, of.look(name));
  }

  #put(name: string, entry: Entry): void {
    const { wanted, due, orphans, warnings, isOfNodes, isOfOthers } = entry;
    this.#wanted += wanted - (this.#entries.get(name)?.wanted ?? 0);
    const isBusy = due.length + orphans.length + warnings.length > 0;
    mark(this.#busy, name, isBusy);
    mark(this.#ofNodes, name, isOfNodes);
    mark(this.#ofOthers, name, isOfOthers);
    if (isBusy || isOfNodes || isOfOthers || wanted > 0) this.#entries.set(name, entry);
    else this.#entries.delete(name);
  }
}

function mark(names: Set<string>, name: string, isOne: boolean): void {
  if (isOne) names.add(name);
  else names.delete(name);
}
