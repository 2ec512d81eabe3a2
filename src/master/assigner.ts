import { type AssignedInstance, type Assignment, wantsTheSame } from '../model/assignment.ts';
import { GridError } from '../model/error.ts';
import type { Grid } from '../model/grid.ts';
import { type InstanceId, servicePath } from '../model/identity.ts';
import type { Step } from '../model/plan.ts';
import type { Clock } from '../runtime/clock.ts';
import { nextAssignment, stepsByNode } from './assign.ts';
import { withBalancing } from './balancing.ts';
import { DriftOrders } from './drift.ts';
import { isHeard } from './engine-heard.ts';
import type { Fleet, FleetNode } from './fleet.ts';
import { type JobWishes, withJob, withRetry } from './job-assignment.ts';
import type { Prepared } from './prepare.ts';
import { AccountWatch, withAccounts } from './registry-accounts.ts';

export interface AssignerOptions {
  readonly grid: string;
  readonly fleet: Fleet;
  readonly clock: Clock;
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
  readonly #drift = new DriftOrders();
  readonly #accounts = new AccountWatch();
  #refusals: ReadonlyMap<string, Refusal> = new Map();
  /** What is assigned of load balancers, as long as they are the same services. */
  #balancers = { names: '', of: new WeakMap<Assignment, readonly AssignedInstance[]>() };
  /** The jobs of assignments. */
  readonly #jobs = new WeakMap<Assignment, readonly AssignedInstance[]>();

  constructor(options: AssignerOptions) {
    this.#options = options;
  }

  /** Nodes that could not be given their part of the last wave. */
  get refusals(): ReadonlyMap<string, Refusal> {
    return this.#refusals;
  }

  /** Returns whether a node that is away is yet to hear of something that is no step: no plan has told of it so far. */
  async carryOut(wave: readonly Step[], prepared: Prepared): Promise<boolean> {
    const refusals = new Map<string, Refusal>();
    const nodes = this.#options.fleet.nodes(this.#options.grid);
    const roster = nodes.map((node) => node.name);
    const work = new Map<string, readonly Step[]>(stepsByNode(wave));
    const names = [...prepared.balancing.keys()].join();
    if (names !== this.#balancers.names) this.#balancers = { names, of: new WeakMap() };
    // What load balancers serve, what becomes of drift, and when jobs run changes without a step.
    for (const node of nodes)
      if (!work.has(node.name) && this.#isOutdated(node, prepared)) work.set(node.name, []);
    let isLate = false;
    for (const [name, steps] of work) {
      const next = this.#next({ name, steps, prepared, roster });
      if (next === null) continue;
      const refusal = await this.#give(next);
      if (refusal !== null) refusals.set(name, refusal);
      else if (steps.length > 0) await this.#options.onAssigned(steps);
      else isLate ||= this.#isAway(name);
    }
    this.#refusals = refusals;
    return isLate;
  }

  /**
   * Nodes whose images are pulled by other accounts now are told at once, before anybody judges by what a registry has refused.
   */
  async tellAccounts({ registries }: Grid): Promise<void> {
    const { fleet, grid } = this.#options;
    for (const { assignment } of fleet.nodes(grid))
      if (assignment !== null && this.#accounts.isOutdated(assignment, registries))
        await this.#give(withAccounts(assignment, registries));
  }

  /** A new generation with the same content makes an agent forget its backoff and try at once. */
  async repeat(names: Iterable<string>): Promise<void> {
    const { fleet, grid } = this.#options;
    for (const name of names) {
      const known = fleet.get(grid, name)?.assignment ?? null;
      if (known === null) continue;
      const generation = known.generation + 1;
      const instances = known.instances.map((one) => withRetry(one, String(generation)));
      await this.#give({ ...known, generation, instances });
    }
  }

  #isAway(name: string): boolean {
    const { fleet, grid } = this.#options;
    const node = fleet.get(grid, name);
    return node !== null && !isHeard(node);
  }

  /** Costs next to nothing for nodes without load balancers and jobs, however many instances they have. */
  #isOutdated(node: FleetNode, prepared: Prepared): boolean {
    if (this.#drift.isOutdated(node, prepared)) return true;
    const { assignment } = node;
    if (assignment === null) return false;
    return this.#hasOtherJobs(assignment, prepared) || this.#servesOthers(assignment, prepared);
  }

  #hasOtherJobs(assignment: Assignment, { services }: Prepared): boolean {
    const jobs =
      this.#jobs.get(assignment) ?? assignment.instances.filter((one) => one.job !== undefined);
    this.#jobs.set(assignment, jobs);
    if (jobs.length === 0) return false;
    const wishes = this.#wishes();
    return jobs.some((one) => {
      const of = { wishes, before: one.job };
      return withJob(one, services.get(servicePath(one)), of) !== one;
    });
  }

  #wishes(): JobWishes {
    const { fleet, grid, clock } = this.#options;
    const now = clock.now();
    return {
      asked: (service) => fleet.jobs.asked(grid, service),
      from: (service) => fleet.jobs.lastDue(grid, service) ?? now,
      now,
    };
  }

  #servesOthers(assignment: Assignment, { balancing, desired }: Prepared): boolean {
    if (balancing.size === 0) return false;
    const known =
      this.#balancers.of.get(assignment) ??
      assignment.instances.filter(
        (one) => one.balancing !== undefined || balancing.has(servicePath(one)),
      );
    this.#balancers.of.set(assignment, known);
    return known.some(
      (one) => withBalancing(one, balancing.get(servicePath(one)), desired) !== one,
    );
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
    const { services, desired, encode, balancing, revisions } = of.prepared;
    const { steps, roster } = of;
    const { revision, held } = desired;
    const done = (id: InstanceId) => fleet.doneHooks.of(grid, id);
    const past = of.prepared.past?.services;
    const known = {
      services,
      revision,
      balancing,
      held,
      roster,
      ...(past && { past }),
      ...(revisions && { revisions }),
    };
    const { drift, registries } = desired.grid;
    const wishes = { drift, registries, jobs: this.#wishes() };
    return nextAssignment({ node, steps, ...known, encode, done, ...wishes });
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
