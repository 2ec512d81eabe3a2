import { type AssignedInstance, type Assignment, wantsTheSame } from '../model/assignment.ts';
import type { Delivery } from '../model/delivery.ts';
import { errorMessage } from '../model/error.ts';
import { compareInstances, type InstanceId, instancePath } from '../model/identity.ts';
import type { ObservedInstance } from '../model/observed.ts';
import { isSameAccount, registryOf } from '../model/registry-account.ts';
import type { SecretMount } from '../model/spec.ts';
import type { Log } from '../runtime/log.ts';
import type { ContainerFacts, EngineEvent, ListedContainer } from './containers.ts';
import { DriftRecord } from './drift-record.ts';
import { watchEngine } from './engine-watch.ts';
import { InstanceLoop } from './instance-loop.ts';
import { lendersOf } from './placed-instance.ts';
import type { Surroundings } from './surroundings.ts';

export interface ReconcilerOptions extends Omit<Surroundings, 'readyContainer' | 'drifts'> {
  /** Absent: what others did is forgotten with this reconciler. */
  readonly drifts?: DriftRecord;
  /** Told of every listing. */
  readonly onListed?: (all: readonly ListedContainer[]) => void;
  readonly random: () => number;
}

const nothing: Delivery = { bundles: {}, contents: {} };

/** How long a first observation waits for the answers of containers that were found, in milliseconds. */
const FIRST_ANSWERS = 2_000;

/**
 * One node's containers against its assignment: a loop for each instance that is assigned or present.
 *
 * Invariants: only containers of the scope are ever touched; without an assignment none is; what is not assigned (nor kept) is
 * stopped and removed; the newest assignment wins.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #drifts: DriftRecord;
  readonly #loops = new Map<string, InstanceLoop>();
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  /** Resolves when everything that was there at the start was looked at. */
  readonly looked: Promise<void>;
  /** And was asked, too: from here `observed` is complete. */
  readonly known: Promise<void>;
  #assignment: Assignment | null = null;
  #kept: ReadonlySet<string> = new Set();
  /** Paths of those that take volumes from others. */
  #borrowers: readonly string[] = [];
  #onFirstListing: (() => void) | null = null;

  /** Starts at once; `options.onChange` is told of every path whose observation may have changed. */
  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#drifts = options.drifts ?? forgetfulRecord(options.log);
    const listed = new Promise<void>((resolve) => {
      this.#onFirstListing = resolve;
    });
    this.looked = listed.then(() => this.#firstLooks());
    this.known = this.looked.then(() => this.#firstAnswers());
    this.#ended = watchEngine(
      {
        ...options,
        onEvent: (event) => this.#hear(event),
        onListing: (all) => this.#compare(all),
        onSilence: () => {
          for (const loop of this.#loops.values()) loop.excuse();
        },
      },
      this.#stopping.signal,
    );
  }

  get assignment(): Assignment | null {
    return this.#assignment;
  }

  /** The caller has made sure that it is genuine, for this node and newer than the last. */
  apply(assignment: Assignment): void {
    const before = this.#assignment;
    const isRepeated = before !== null && wantsTheSame(before, assignment);
    this.#assignment = assignment;
    this.#kept = new Set(assignment.kept);
    this.#options.secrets.expect(assignment.secrets ?? {});
    this.#options.files.offer(assignment.files ?? nothing, assignment.instances.flatMap(secretsOf));
    this.#options.balancers.apply(assignment);
    const mine = new Set([...assignment.instances.map(instancePath), ...this.#kept]);
    this.#options.hooks.retain(mine);
    this.#drifts.retain(mine);
    this.#options.jobs.retain(mine);
    this.#borrowers = assignment.instances
      .filter((one) => lendersOf(one).length > 0)
      .map(instancePath);
    const assigned = new Set<string>();
    for (const instance of assignment.instances) {
      assigned.add(instancePath(instance));
      this.#learn(instance);
      const asAnother = pullsAsAnother(instance, before, assignment);
      this.#loopOf(instance).assign(instance, { again: isRepeated, asAnother });
    }
    for (const [path, loop] of this.#loops)
      if (!assigned.has(path)) loop.assign(this.#unlisted(path), { again: isRepeated });
  }

  /** An instance's containers that run, the newest first; `null`: nobody has looked yet. */
  runningContainers(id: InstanceId): readonly ContainerFacts[] | null {
    const loop = this.#loops.get(instancePath(id));
    if (loop !== undefined) return loop.runningContainers;
    return this.#onFirstListing === null ? [] : null;
  }

  /** Everything, in the order of instances. */
  observed(): readonly ObservedInstance[] {
    const all = [...this.#loops.values()].toSorted((a, b) => compareInstances(a.id, b.id));
    return all.map((loop) => loop.observe()).filter((one) => one !== null);
  }

  /** `null`: there is no such instance here. */
  observe(path: string): ObservedInstance | null {
    return this.#loops.get(path)?.observe() ?? null;
  }

  /** Containers run on. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the agent stops'));
    this.#onFirstListing?.();
    await Promise.all([...this.#loops.values()].map((loop) => loop.stop()));
    await this.#ended;
    await this.#drifts.settled();
  }

  #hear(event: EngineEvent): void {
    if (event.id !== null) this.#loopOf(event.id).tell(event);
    else for (const loop of this.#loops.values()) if (loop.has(event.container)) loop.tell(event);
  }

  #loopOf(id: InstanceId): InstanceLoop {
    const path = instancePath(id);
    const known = this.#loops.get(path);
    if (known !== undefined) return known;
    const loop = new InstanceLoop(id, {
      ...this.#options,
      drifts: this.#drifts,
      onChange: (changed) => this.#changed(changed),
      readyContainer: (of) => this.#loops.get(instancePath(of))?.readyContainer ?? null,
    });
    this.#loops.set(path, loop);
    if (this.#assignment !== null) loop.assign(this.#unlisted(path), { again: false });
    return loop;
  }

  /** What becomes of an instance that the assignment does not list. */
  #unlisted(path: string): 'kept' | null {
    return this.#kept.has(path) ? 'kept' : null;
  }

  #changed(path: string): void {
    const loop = this.#loops.get(path);
    if (loop?.over === true && this.#assignment !== null) {
      this.#loops.delete(path);
      void loop.stop();
    }
    this.#options.onChange(path);
    this.#options.balancers.wake(path);
    for (const borrower of this.#borrowers) this.#loops.get(borrower)?.hear();
  }

  /** What cannot be written now is on disk all the same: with the assignment. */
  #learn(instance: AssignedInstance): void {
    const { hooks, log } = this.#options;
    hooks.learn(instancePath(instance), instance.doneHooks ?? []).catch((error: unknown) => {
      log.warn({ error: errorMessage(error) }, 'cannot write down which hooks have run');
    });
  }

  #compare(all: readonly ListedContainer[]): void {
    this.#options.hooks.found(new Set(all.map((one) => one.id)));
    this.#options.onListed?.(all);
    const byPath = new Map<string, ListedContainer[]>();
    for (const one of all) {
      const path = instancePath(one);
      byPath.set(path, [...(byPath.get(path) ?? []), one]);
      this.#loopOf(one);
    }
    for (const [path, loop] of this.#loops) if (!loop.matches(byPath.get(path) ?? [])) loop.wake();
    this.#onFirstListing?.();
    this.#onFirstListing = null;
    void this.#sweep(all);
  }

  /** Files that nobody has mounted any more, and secrets that nobody can ask for; what fails now is done at the next listing. */
  async #sweep(all: readonly ListedContainer[]): Promise<void> {
    const { files, secrets, log } = this.#options;
    try {
      await files.sweep(all.flatMap(({ mounted }) => mounted));
      if (isSettled(this.#assignment, all)) await secrets.forget();
    } catch (error) {
      log.warn(
        { error: errorMessage(error) },
        'cannot remove files or secrets that are no longer needed',
      );
    }
  }

  /**
   * Looks are waited for as long as they take: what was not looked at would be told as not there, and a master without an
   * assignment of this node would make it once more. Only answers of containers have a limit.
   */
  async #firstLooks(): Promise<void> {
    await Promise.all([...this.#loops.values()].map((loop) => loop.looked));
  }

  async #firstAnswers(): Promise<void> {
    const loops = [...this.#loops.values()];
    const answered = new AbortController();
    const limit = this.#options.clock.sleep(FIRST_ANSWERS, answered.signal).catch(() => undefined);
    const answers = Promise.all(loops.map((loop) => loop.answered()));
    await Promise.race([answers, limit]);
    answered.abort(new Error('answered'));
  }
}

/** Whether no container is left of anything but what is assigned: kept ones are of specs that nobody here knows. */
function isSettled(assignment: Assignment | null, all: readonly ListedContainer[]): boolean {
  if (assignment === null) return false;
  const assigned = new Map(assignment.instances.map((one) => [instancePath(one), one.specHash]));
  return all.every((one) => assigned.get(instancePath(one)) === one.specHash);
}

function secretsOf({ spec }: AssignedInstance): readonly SecretMount[] {
  return spec.mounts.filter((mount) => mount.kind === 'secret');
}

function pullsAsAnother(
  { spec }: AssignedInstance,
  before: Assignment | null,
  { registries }: Assignment,
): boolean {
  if (before?.registries === registries) return false;
  const host = registryOf(spec.image);
  return !isSameAccount(before?.registries?.[host], registries?.[host]);
}

function forgetfulRecord(log: Log): DriftRecord {
  return new DriftRecord({ text: null, save: async () => await Promise.resolve(), log });
}
