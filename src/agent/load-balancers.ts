import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Balancer, type BalancerEvent, type CheckResult } from '../balancer/balancer.ts';
import { containerPlace } from '../balancer/config.ts';
import { SOCKETS } from '../balancer/folder.ts';
import type { AssignedInstance, Assignment } from '../model/assignment.ts';
import type { Balancing } from '../model/balancing.ts';
import { shortDigest } from '../model/digest.ts';
import { errorMessage } from '../model/error.ts';
import { type InstanceId, instancePath } from '../model/identity.ts';
import type { BindMount } from '../model/spec.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { AgentEvent } from './agent-event.ts';
import type { Answering } from './answering.ts';
import type { Containers } from './containers.ts';
import type { SecretStore } from './secret-store.ts';

export interface RunningContainer {
  readonly id: string;
  readonly specHash: string;
}

export interface LoadBalancersOptions {
  /** A folder of the agent, for a folder of each load balancer. */
  readonly directory: string;
  readonly answering: Answering;
  readonly containers: Pick<Containers, 'createExec' | 'exec'>;
  readonly secrets: Pick<SecretStore, 'reveal' | 'conceal'>;
  /** An instance's containers that run, the newest first; `null`: nobody has looked yet. */
  readonly runningContainers: (id: InstanceId) => readonly RunningContainer[] | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEvent: (event: AgentEvent) => void;
}

/** One load balancer of the assignment; a HAProxy for each spec of which it has, or is to have, a container. */
interface Kept {
  readonly id: InstanceId;
  /** By folder. */
  readonly balancers: Map<string, Balancer>;
  balancing: Balancing;
  /** `null`: it is assigned no more. */
  specHash: string | null;
}

/** Milliseconds for HAProxy to read a configuration that it is only asked about. */
const CHECK_LIMIT = 10_000;
/** Before a container is stopped; a load balancer that does not answer by then is not waited for. */
const SETTLE_LIMIT = 2_000;
/** For requests that are under way; what takes longer has the container's own time to stop. */
const DRAIN_LIMIT = 500;

/** The load balancers of this node: what they serve is from the assignment, who answers is from the grid's names. */
export class LoadBalancers {
  readonly #options: LoadBalancersOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #end: () => void;
  /** Whether there are no folders but those of `#kept`. */
  #isClear = false;

  constructor(options: LoadBalancersOptions) {
    this.#options = options;
    this.#end = options.answering.onChange(() => this.#update());
  }

  apply(assignment: Assignment): void {
    const wanted = new Map<string, AssignedInstance>();
    for (const one of assignment.instances)
      if (one.balancing !== undefined) wanted.set(instancePath(one), one);
    for (const [name, kept] of this.#kept) if (!wanted.has(name)) kept.specHash = null;
    for (const [name, one] of wanted) this.#take(name, one);
    for (const name of this.#kept.keys()) this.#sync(name);
    this.#isClear = false;
    void this.#clear();
  }

  /** What the containers of a load balancer mount for it; none: it is no load balancer. */
  mountsOf(instance: AssignedInstance): readonly BindMount[] {
    if (instance.balancing === undefined) return [];
    const source = this.#folderOf(instancePath(instance), instance.specHash);
    const { folder: target } = containerPlace;
    return [
      { kind: 'bind', source, target, readOnly: true },
      {
        kind: 'bind',
        source: `${source}/${SOCKETS}`,
        target: `${target}/${SOCKETS}`,
        readOnly: false,
      },
    ];
  }

  /** A container of this instance may have been started, or be gone. */
  wake(name: string): void {
    const kept = this.#kept.get(name);
    if (kept === undefined) return;
    this.#sync(name);
    for (const balancer of kept.balancers.values()) balancer.wake();
    if (!this.#isClear) void this.#clear();
  }

  /**
   * Resolves when all of them do as the names have it now, and what was under way to containers that are drained has been
   * answered, or when they have had time enough. Peers that follow this node's news wait for it, too: so it is not long.
   */
  async settled(): Promise<void> {
    this.#update();
    const { clock } = this.#options;
    const over = new AbortController();
    const all = this.#all();
    const idle = Promise.all(all.map(async (balancer) => await balancer.idle()));
    await Promise.race([idle, pause(clock, SETTLE_LIMIT, over.signal)]);
    const drained = Promise.all(all.map(async (balancer) => await balancer.drained(over.signal)));
    await Promise.race([drained, pause(clock, DRAIN_LIMIT, over.signal)]);
    over.abort(new Error('settled'));
  }

  /** HAProxy goes on as it is. */
  async stop(): Promise<void> {
    this.#end();
    await Promise.all(this.#all().map(async (balancer) => await balancer.stop()));
  }

  #take(name: string, { balancing, specHash, ...instance }: AssignedInstance): void {
    if (balancing === undefined) return;
    const { stack, service, number } = instance;
    const kept = this.#kept.get(name) ?? {
      id: { stack, service, number },
      balancers: new Map(),
      balancing,
      specHash,
    };
    kept.balancing = balancing;
    kept.specHash = specHash;
    this.#kept.set(name, kept);
    for (const balancer of kept.balancers.values()) this.#applyTo(name, kept, balancer);
  }

  /**
   * A container that is being replaced, or drained, serves to its end, so its HAProxy is told what is wanted now like its
   * successor's.
   */
  #sync(name: string): void {
    const kept = this.#kept.get(name);
    if (kept === undefined) return;
    const running = this.#options.runningContainers(kept.id);
    const specs = new Set(running?.map(({ specHash }) => specHash));
    if (kept.specHash !== null) specs.add(kept.specHash);
    const folders = new Map([...specs].map((spec) => [this.#folderOf(name, spec), spec]));
    for (const [folder, balancer] of kept.balancers)
      if (running !== null && !folders.has(folder)) {
        kept.balancers.delete(folder);
        this.#isClear = false;
        void balancer.stop();
      }
    for (const [folder, spec] of folders)
      if (!kept.balancers.has(folder)) this.#begin(name, kept, { folder, spec });
    if (kept.balancers.size === 0) this.#kept.delete(name);
    this.#updateOne(kept);
  }

  #begin(
    name: string,
    kept: Kept,
    { folder, spec }: { readonly folder: string; readonly spec: string },
  ): void {
    const balancer = new Balancer({
      folder,
      check: async (file, signal) => await this.#check({ id: kept.id, spec }, file, signal),
      clock: this.#options.clock,
      onEvent: (event) => this.#tell(name, event),
    });
    kept.balancers.set(folder, balancer);
    this.#applyTo(name, kept, balancer);
  }

  #applyTo(name: string, { balancing }: Kept, balancer: Balancer): void {
    try {
      balancer.apply(this.#options.secrets.reveal(balancing));
    } catch (error) {
      this.#tell(name, {
        severity: 'error',
        kind: 'balancer-failed',
        message: errorMessage(error),
      });
    }
  }

  #update(): void {
    for (const kept of this.#kept.values()) this.#updateOne(kept);
  }

  /** As long as one service is not known, nobody is sent away. */
  #updateOne({ balancers, balancing }: Kept): void {
    const known = balancing.backends.map((backend) => this.#options.answering.of(backend));
    const upstreams = known.flatMap((one) => one ?? []);
    if (known.includes(null)) return;
    for (const balancer of balancers.values()) balancer.update(upstreams);
  }

  /** Where HAProxy runs: its version decides what it takes. */
  async #check(
    { id, spec }: { readonly id: InstanceId; readonly spec: string },
    file: string,
    signal: AbortSignal,
  ): Promise<CheckResult | null> {
    const { containers, runningContainers } = this.#options;
    const container = runningContainers(id)?.find(({ specHash }) => specHash === spec)?.id;
    if (container === undefined) return null;
    const command = ['haproxy', '-c', '-f', `${containerPlace.folder}/${file}`];
    try {
      const exec = await containers.createExec(container, { ...question, command });
      // Of its own: it outlives the question on a stream that nobody closes.
      const own = AbortSignal.any([signal]);
      const { exitCode, log } = await containers.exec(exec, CHECK_LIMIT, own);
      return exitCode === null ? null : { accepted: exitCode === 0, messages: log };
    } catch {
      // It was just stopped, or the engine is away: it is asked again.
      return null;
    }
  }

  #tell(name: string, event: Omit<BalancerEvent, 'kind'> & { readonly kind: string }): void {
    const { secrets, onEvent } = this.#options;
    onEvent({ ...event, path: name, message: secrets.conceal(event.message) });
  }

  /**
   * Of one spec's container: with start-first two of an instance run at once, and their sockets must not be the same. A socket's
   * path may have no more than 107 characters, so it is a short name.
   */
  #folderOf(name: string, specHash: string): string {
    return path.join(this.#options.directory, shortDigest([name, specHash]));
  }

  #all(): readonly Balancer[] {
    return [...this.#kept.values()].flatMap(({ balancers }) => [...balancers.values()]);
  }

  #folders(): readonly string[] {
    return [...this.#kept.values()].flatMap(({ balancers }) => [...balancers.keys()]);
  }

  /**
   * Folders of load balancers that are on this node no more, with the keys in them. What an older container still mounts is
   * known only once somebody has looked.
   */
  async #clear(): Promise<void> {
    const { directory, log, runningContainers } = this.#options;
    if ([...this.#kept.values()].some(({ id }) => runningContainers(id) === null)) return;
    this.#isClear = true;
    const used = new Set(this.#folders());
    try {
      for (const name of await readdir(directory).catch(() => []))
        if (!used.has(path.join(directory, name)))
          await rm(path.join(directory, name), { recursive: true, force: true });
    } catch (error) {
      log.warn({ error: errorMessage(error) }, 'cannot remove what a load balancer has left');
    }
  }
}

async function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(milliseconds, signal).catch(() => undefined);
}

/** Everything of a command inside of a container but the command. */
const question = {
  kind: 'post-start',
  name: 'check',
  instances: null,
  oneshot: false,
  user: null,
  privileged: false,
  workingDirectory: null,
  env: {},
} as const;
