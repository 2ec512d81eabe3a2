import { mayBelongTo } from '../model/desired.ts';
import { type Service, wantsRollback } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import type { Halted, Plan, RolledBack } from '../model/plan.ts';
import { whyNotBack, withFallBacks } from '../planner/fall-back.ts';
import type { PlanHistory } from '../planner/plan-history.ts';
import type { ProvenService, RejectedSpec } from '../store/proven.ts';
import type { Fleet } from './fleet.ts';
import { type Prepared, prepareDesired } from './prepare.ts';

export interface ProvenRecords {
  readonly list: () => Promise<readonly ProvenService[]>;
  readonly put: (services: readonly ProvenService[]) => Promise<void>;
  readonly remove: (paths: readonly string[]) => Promise<void>;
}

/**
 * What the services of one grid last served with, and which of them run it again because what came after failed. All of it
 * is remembered in the diary; a master that has lost that holds what fails.
 */
export class FallBacks {
  readonly #grid: string;
  readonly #records: ProvenRecords;
  readonly #fleet: Fleet;
  readonly #known = new Map<string, ProvenService>();
  readonly #definitions = new Map<string, Service>();
  /** What was prepared last of a revision, and what became of it. */
  #last: { readonly of: Prepared; readonly made: Prepared } | null = null;
  /** Services of it that are not known as they are now. */
  #unproven = new Map<string, Service>();

  constructor(of: {
    readonly grid: string;
    readonly records: ProvenRecords;
    readonly fleet: Fleet;
  }) {
    this.#grid = of.grid;
    this.#records = of.records;
    this.#fleet = of.fleet;
  }

  async load(): Promise<void> {
    for (const one of await this.#records.list()) this.#know(one);
  }

  /** For the planner. */
  get history(): PlanHistory {
    const rolledBack = new Set(this.#last?.made.past?.rolledBack.keys());
    return { proven: this.#definitions, rolledBack };
  }

  /** What is to run in place of what the revision wants: the same object as long as nothing changes. */
  async apply(prepared: Prepared): Promise<Prepared> {
    if (this.#last?.of === prepared) return this.#last.made;
    await this.#forget(prepared);
    return this.#make(prepared);
  }

  /**
   * Turns to the last good spec of services whose rollout failed, where they are to be rolled back; says which. A plan without
   * one that can be leaves everything as it is.
   */
  async reject(failures: readonly Failing[], prepared: Prepared): Promise<readonly RolledBack[]> {
    const rejected: ProvenService[] = [];
    for (const { path, ...failing } of failures) {
      const service = prepared.services.get(path);
      const known = this.#known.get(path);
      if (service === undefined || known === undefined) continue;
      if (this.#obstacle(path, prepared) !== null || known.rejected !== null) continue;
      if (known.definition.specHash === service.specHash) continue;
      rejected.push({ ...known, rejected: { specHash: service.specHash, ...failing } });
    }
    if (rejected.length === 0) return [];
    await this.#keep(rejected);
    const { past } = this.#make(prepared);
    return rejected.flatMap(({ path }) => past?.rolledBack.get(path) ?? []);
  }

  /** What is asked for anew is tried anew. */
  async retry(): Promise<void> {
    const given = [...this.#known.values()].filter(({ rejected }) => rejected !== null);
    await this.#keep(given.map((one) => ({ ...one, rejected: null })));
    this.#last = null;
  }

  /** Remembers what is fully rolled out and serves. */
  async learn(plan: Plan): Promise<void> {
    if (this.#unproven.size === 0) return;
    const open = openServices(plan);
    const serving = this.#serving();
    const learned: ProvenService[] = [];
    for (const [path, definition] of this.#unproven) {
      if (open.has(path) || !serving.has(`${path} ${definition.specHash}`)) continue;
      this.#unproven.delete(path);
      learned.push({
        grid: this.#grid,
        path,
        definition,
        revision: plan.revision,
        rejected: null,
      });
    }
    if (learned.length > 0) await this.#keep(learned);
  }

  /** The plan with what it does not tell by itself: who was rolled back, and why others were not. */
  explain(plan: Plan, prepared: Prepared): Plan {
    const rolledBack = [...(this.#last?.made.past?.rolledBack.values() ?? [])];
    const halted = plan.halted.map((one) => this.#explained(one, prepared));
    return { ...plan, halted, ...(rolledBack.length === 0 ? {} : { rolledBack }) };
  }

  #explained(halted: Halted, prepared: Prepared): Halted {
    const path = servicePath(halted);
    const obstacle = this.#obstacle(path, prepared);
    if (obstacle === null || obstacle === hold) return halted;
    return { ...halted, notRolledBack: obstacle };
  }

  /** Why a service is not rolled back, for people; `null`: it can be. */
  #obstacle(path: string, { services, desired }: Prepared): string | null {
    const service = services.get(path);
    if (service === undefined || !wantsRollback(service, desired.grid)) return hold;
    if (service.job !== undefined) return 'it is a job, and half of it may be done';
    const known = this.#known.get(path);
    if (known === undefined) return 'it is not known to have served before';
    if (known.definition.specHash === service.specHash) return 'its spec has served before';
    return whyNotBack(known.definition, desired);
  }

  #make(prepared: Prepared): Prepared {
    const rolledBack = new Map<string, RolledBack>();
    const past = new Map<string, ProvenService>();
    const fallBacks = new Map<string, Service>();
    for (const [path, service] of prepared.services) {
      const known = this.#known.get(path);
      if (known === undefined || known.definition.specHash === service.specHash) continue;
      past.set(path, known);
      if (known.rejected === null || this.#obstacle(path, prepared) !== null) continue;
      fallBacks.set(path, known.definition);
      rolledBack.set(path, this.#rolledBack(known, known.rejected, service));
    }
    const desired = withFallBacks(prepared.desired, fallBacks);
    const made =
      fallBacks.size === 0
        ? { ...prepared, past: { services: past, rolledBack } }
        : { ...prepareDesired(desired), past: { services: past, rolledBack } };
    this.#last = { of: prepared, made };
    this.#unproven = new Map(
      [...made.services].filter(
        ([path, service]) =>
          // A job serves nobody, and a run of long ago is no way back.
          service.job === undefined &&
          !rolledBack.has(path) &&
          this.#known.get(path)?.definition !== service,
      ),
    );
    return made;
  }

  #rolledBack(
    { path, revision }: ProvenService,
    { specHash, number, node, failure }: RejectedSpec,
    { stack, name, instances, strategy }: Service,
  ): RolledBack {
    const all = this.#fleet.nodes(this.#grid).flatMap((one) => one.instances);
    const there = all.filter((one) => servicePath(one) === path).length;
    const missed = strategy === 'daemon' ? there : instances;
    const shown = { number, node, failure, specHash, revision, instances: missed };
    return { stack, service: name, ...shown };
  }

  /** What is no matter any more: other specs than those that failed, and services that are gone for good. */
  async #forget({ services, desired }: Prepared): Promise<void> {
    const changed: ProvenService[] = [];
    const gone: string[] = [];
    const there = new Set(
      this.#fleet
        .nodes(this.#grid)
        .flatMap((node) => [...node.instances, ...(node.assignment?.instances ?? [])])
        .map(servicePath),
    );
    for (const [path, known] of this.#known) {
      const service = services.get(path);
      const isHeld = mayBelongTo(desired.held, known.definition.stack);
      if (service === undefined && !isHeld && !there.has(path)) gone.push(path);
      if (known.rejected === null || service?.specHash === known.rejected.specHash) continue;
      if (!isHeld) changed.push({ ...known, rejected: null });
    }
    await this.#keep(changed);
    if (gone.length > 0) await this.#records.remove(gone);
    for (const path of gone) {
      this.#known.delete(path);
      this.#definitions.delete(path);
    }
  }

  async #keep(services: readonly ProvenService[]): Promise<void> {
    const fresh = services.filter((one) => !isSame(one, this.#known.get(one.path)));
    if (fresh.length > 0) await this.#records.put(fresh);
    for (const one of services) this.#know(one);
  }

  #know(one: ProvenService): void {
    this.#known.set(one.path, one);
    this.#definitions.set(one.path, one.definition);
  }

  #serving(): ReadonlySet<string> {
    const serving = new Set<string>();
    for (const { instances } of this.#fleet.nodes(this.#grid))
      for (const one of instances)
        if (one.current?.ready === true) serving.add(`${servicePath(one)} ${one.current.specHash}`);
    return serving;
  }
}

/** An instance that shows that its service's new spec does not come up. */
export interface Failing extends Omit<RejectedSpec, 'specHash'> {
  readonly path: string;
}

/** It is not asked for: nothing needs to be said. */
const hold = 'hold';

function openServices(plan: Plan): ReadonlySet<string> {
  const open = new Set<string>();
  for (const { steps } of plan.waves) for (const step of steps) open.add(servicePath(step));
  for (const list of [plan.blocked, plan.halted, plan.waiting])
    for (const one of list) open.add(servicePath(one));
  return open;
}

/** Where it is written in its file is no matter. */
function isSame(one: ProvenService, known: ProvenService | undefined): boolean {
  if (known === undefined || known.rejected !== one.rejected) return false;
  const { position: _here, ...definition } = one.definition;
  const { position: _there, ...other } = known.definition;
  return JSON.stringify(definition) === JSON.stringify(other);
}
