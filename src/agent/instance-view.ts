import type { ContainerSnapshot, HookContainer } from '../model/container.ts';
import { dueHooks } from '../model/hook.ts';
import { containerName } from '../model/identity.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ContainerFacts, ContainerSummary } from './containers.ts';
import type { HookRecord } from './hook-record.ts';
import type { Probes } from './probe.ts';
import { ReadinessWatch, type Vitals } from './readiness.ts';

export interface InstanceViewOptions {
  /** The instance's. */
  readonly path: string;
  readonly hooks: HookRecord;
  readonly probes: Probes;
  readonly clock: Clock;
  /** Milliseconds that a container without port or health check must stay up. */
  readonly steady: () => number;
  readonly onChange: () => void;
}

interface Watched {
  readonly startedAt: number;
  readonly address: string | null;
  readonly watch: ReadinessWatch;
}

const unasked: Vitals = { readiness: 'pending', health: 'unknown', failedChecks: 0, message: '' };

/** What is known of one instance's containers: the engine's facts of the last look, and what asking them found out since. */
export class InstanceView {
  readonly #options: InstanceViewOptions;
  readonly #watches = new Map<string, Watched>();
  readonly #served = new Map<string, boolean>();
  readonly #watched = new Set<string>();
  /** When they were seen to run again after a pause: what they were asked before says nothing. */
  readonly #resumed = new Map<string, number>();
  /** When those were started that already ran at the first look; `null` before it. */
  #found: ReadonlyMap<string, number | null> | null = null;
  #facts: readonly ContainerFacts[] = [];
  #hookFacts: readonly ContainerFacts[] = [];

  constructor(options: InstanceViewOptions) {
    this.#options = options;
  }

  get facts(): readonly ContainerFacts[] {
    return this.#facts;
  }

  /** Of the containers that run its hooks. */
  get hookFacts(): readonly ContainerFacts[] {
    return this.#hookFacts;
  }

  get everything(): readonly ContainerFacts[] {
    return [...this.#facts, ...this.#hookFacts];
  }

  /** Whether a listing has the same containers, and what it shows of them is the same. */
  matches(listed: readonly ContainerSummary[]): boolean {
    const seen = new Map(this.everything.map((one) => [one.id, one]));
    if (listed.length !== seen.size) return false;
    return listed.every((one) => {
      const known = seen.get(one.id);
      if (known?.phase !== one.phase || known.name !== one.name) return false;
      if (known.networks !== undefined && known.networks.join() !== one.networks?.join())
        return false;
      return one.phase !== 'running' || known.engineHealth === one.engineHealth;
    });
  }

  /** Takes the result of a look at the engine. Each run of a container is watched from here to its exit. */
  update(found: readonly ContainerFacts[]): void {
    const facts = found.filter((one) => one.hookRun === null);
    this.#noteResumed(facts);
    this.#facts = facts;
    this.#found ??= startsOf(facts);
    this.#hookFacts = found.filter((one) => one.hookRun !== null);
    for (const one of facts) {
      if (!this.#served.has(one.id)) this.#served.set(one.id, presumedServed(one));
      if (one.phase === 'running') this.#watched.add(one.id);
      this.#watch(one);
    }
    this.#forgetOthers(new Set(facts.map((one) => one.id)));
  }

  /**
   * Whether it may be told others that it answers: it is ready; or it ran when this agent came, and nothing speaks against it
   * yet. Else every restart of an agent would take its containers away from those who use them.
   */
  answers(id: string): boolean {
    const { readiness } = this.#vitals(id);
    if (this.#isRun(id)) return false;
    if (readiness !== 'pending') return readiness === 'ready';
    const now = this.#facts.find((one) => one.id === id);
    return now?.startedAt !== null && this.#found?.get(id) === now?.startedAt;
  }

  snapshots(): ContainerSnapshot[] {
    return this.#facts.map((one) => ({
      ...one,
      ...this.#vitals(one.id),
      served: this.#served.get(one.id) === true,
      watched: this.#watched.has(one.id),
      attempted: this.#options.hooks.attempted(one),
    }));
  }

  hooks(): HookContainer[] {
    return this.#hookFacts.flatMap(({ id, phase: found, startedAt, stopGracePeriod, hookRun }) => {
      if (hookRun === null) return [];
      const { hook, container } = hookRun;
      // It has its time, and no more, whoever has paused it.
      const phase = found === 'paused' ? 'running' : found;
      return [{ id, phase, startedAt, stopGracePeriod, hook, container }];
    });
  }

  /** Why a container is not ready or not healthy; empty when there is nothing to say. */
  message(id: string): string {
    return this.#vitals(id).message;
  }

  /** Why a container that starts is not ready yet. */
  get pendingMessage(): string {
    const pending = this.#facts.map((one) => this.#vitals(one.id));
    return pending.find((one) => one.readiness === 'pending' && one.message !== '')?.message ?? '';
  }

  /** Resolves when every container that is watched now was asked at least once. */
  async asked(): Promise<void> {
    await Promise.all([...this.#watches.values()].map(({ watch }) => watch.asked));
  }

  stop(): void {
    for (const { watch } of this.#watches.values()) watch.stop();
    this.#watches.clear();
  }

  #watch(one: ContainerFacts): void {
    const startedAt = one.phase === 'running' ? one.startedAt : null;
    const known = this.#watches.get(one.id);
    if (known?.startedAt === startedAt && isAt(known, one)) {
      known?.watch.hear(one);
      return;
    }
    known?.watch.stop();
    this.#watches.delete(one.id);
    // Readiness is not looked at before its post-start hooks have run, and has its full time from there.
    if (startedAt === null || this.#isRun(one.id) || this.#awaitsHooks(one)) return;
    const { probes, clock } = this.#options;
    const watch = new ReadinessWatch({
      subject: { ...one, startedAt: this.#askedFrom(one, startedAt) },
      probes,
      clock,
      steady: this.#options.steady(),
      onChange: () => this.#changed(one.id),
    });
    this.#watches.set(one.id, { startedAt, address: one.address, watch });
    this.#noteServed(one.id);
  }

  #noteResumed(facts: readonly ContainerFacts[]): void {
    const paused = new Set(this.#facts.filter((one) => one.phase === 'paused').map(({ id }) => id));
    for (const one of facts)
      if (one.phase === 'running' && paused.has(one.id))
        this.#resumed.set(one.id, this.#options.clock.now());
  }

  #askedFrom(one: ContainerFacts, startedAt: number): number {
    return Math.max(startedAt, this.#lastHookAt(one), this.#resumed.get(one.id) ?? 0);
  }

  /** A run of a job has an end to be waited for, and nothing to be asked. */
  #isRun(id: string): boolean {
    return this.#facts.some((one) => one.id === id && one.run !== null);
  }

  #awaitsHooks(one: ContainerFacts): boolean {
    const { hooks, path } = this.#options;
    const attempted = hooks.attempted(one);
    return dueHooks({ ...one, attempted }, 'post-start', hooks.done(path)).length > 0;
  }

  #lastHookAt(one: ContainerFacts): number {
    const hasHooks = one.hooks.some((hook) => hook.kind === 'post-start');
    return hasHooks ? (this.#options.hooks.lastAt(one) ?? 0) : 0;
  }

  #changed(id: string): void {
    this.#noteServed(id);
    this.#options.onChange();
  }

  #noteServed(id: string): void {
    if (this.#vitals(id).readiness === 'ready') this.#served.set(id, true);
  }

  #vitals(id: string): Vitals {
    return this.#watches.get(id)?.watch.vitals ?? unasked;
  }

  #forgetOthers(present: ReadonlySet<string>): void {
    for (const id of this.#served.keys()) if (!present.has(id)) this.#served.delete(id);
    for (const id of this.#resumed.keys()) if (!present.has(id)) this.#resumed.delete(id);
    for (const id of this.#watched) if (!present.has(id)) this.#watched.delete(id);
    for (const [id, { watch }] of this.#watches) {
      if (present.has(id)) continue;
      watch.stop();
      this.#watches.delete(id);
    }
  }
}

/** While it is cut off from its network it has none, and is asked at the old one in vain. */
function isAt(known: Watched, { address }: ContainerFacts): boolean {
  return address === null || known.address === address;
}

function startsOf(facts: readonly ContainerFacts[]): ReadonlyMap<string, number | null> {
  const running = facts.filter((one) => one.phase === 'running');
  return new Map(running.map((one) => [one.id, one.startedAt]));
}

/**
 * A fresh agent cannot know whether a container that it finds was ever ready. One that was started and holds the
 * instance's own name is given the benefit of the doubt: it is then started again after an exit, not thrown away.
 * One that this agent creates is seen as `created` first.
 */
function presumedServed(one: ContainerFacts): boolean {
  return one.run === null && one.phase !== 'created' && one.name === containerName(one);
}
