import { type Assignment, wantsTheSame } from '../model/assignment.ts';
import { GridError } from '../model/error.ts';
import type { InstanceId } from '../model/identity.ts';
import type { Step } from '../model/plan.ts';
import { nextAssignment, stepsByNode } from './assign.ts';
import type { Fleet } from './fleet.ts';
import type { Prepared } from './prepare.ts';

export interface AssignerOptions {
  readonly grid: string;
  readonly fleet: Fleet;
  /** Throws a `GridError` that is never to be tried again for an assignment that cannot be given to its node. */
  readonly assign: (assignment: Assignment) => Promise<void>;
  /** Steps that a node was assigned now. */
  readonly onAssigned: (steps: readonly Step[]) => Promise<void>;
  /** Once for each assignment that could not be given. */
  readonly onRefused: (refusal: Refusal) => Promise<void>;
}

export interface Refusal {
  readonly assignment: Assignment;
  readonly reason: string;
}

/**
 * Gives the nodes of one grid what a wave has for them. A node whose assignment is impossible (it is too large to travel)
 * stays as it is, and keeps no other from its own; what was refused is not tried again until it is another.
 */
export class Assigner {
  readonly #options: AssignerOptions;
  #refusals: ReadonlyMap<string, Refusal> = new Map();

  constructor(options: AssignerOptions) {
    this.#options = options;
  }

  /** Nodes that could not be given their part of the last wave. */
  get refusals(): ReadonlyMap<string, Refusal> {
    return this.#refusals;
  }

  async carryOut(wave: readonly Step[], prepared: Prepared): Promise<void> {
    const refusals = new Map<string, Refusal>();
    const roster = this.#options.fleet.nodes(this.#options.grid).map((node) => node.name);
    for (const [name, steps] of stepsByNode(wave)) {
      const next = this.#next({ name, steps, prepared, roster });
      if (next === null) continue;
      const refusal = await this.#give(next);
      if (refusal === null) await this.#options.onAssigned(steps);
      else refusals.set(name, refusal);
    }
    this.#refusals = refusals;
  }

  /** A new generation with the same content makes an agent forget its backoff and try at once. */
  async repeat(names: Iterable<string>): Promise<void> {
    const { fleet, grid } = this.#options;
    for (const name of names) {
      const known = fleet.get(grid, name)?.assignment ?? null;
      if (known !== null) await this.#give({ ...known, generation: known.generation + 1 });
    }
  }

  #next(of: {
    readonly name: string;
    readonly steps: readonly Step[];
    readonly prepared: Prepared;
    readonly roster: readonly string[];
  }): Assignment | null {
    const { fleet, grid } = this.#options;
    const node = fleet.get(grid, of.name);
    if (node === null) return null;
    const { services, desired, encode } = of.prepared;
    const { steps, roster } = of;
    const { revision } = desired;
    const done = (id: InstanceId) => fleet.doneHooks.of(grid, id);
    return nextAssignment({ node, steps, services, revision, roster, encode, done });
  }

  async #give(assignment: Assignment): Promise<Refusal | null> {
    const known = this.#refusals.get(assignment.node);
    if (known !== undefined && isTheSame(known.assignment, assignment)) return known;
    try {
      await this.#options.assign(assignment);
      return null;
    } catch (error) {
      if (!(error instanceof GridError) || error.retry !== 'never') throw error;
      const refusal = { assignment, reason: error.message };
      await this.#options.onRefused(refusal);
      return refusal;
    }
  }
}

/** The roster takes room, too. */
function isTheSame(a: Assignment, b: Assignment): boolean {
  return a.roster.length === b.roster.length && wantsTheSame(a, b);
}
