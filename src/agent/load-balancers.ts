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

export interface LoadBalancersOptions {
  /** A folder of the agent, for a folder of each load balancer. */
  readonly directory: string;
  readonly answering: Answering;
  readonly containers: Pick<Containers, 'createExec' | 'exec'>;
  readonly secrets: Pick<SecretStore, 'reveal' | 'conceal'>;
  /** Id of an instance's container that runs; `null`: it has none. */
  readonly runningContainer: (id: InstanceId) => string | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEvent: (event: AgentEvent) => void;
}

interface Kept {
  readonly id: InstanceId;
  readonly folder: string;
  readonly balancer: Balancer;
  balancing: Balancing;
}

/** Milliseconds for HAProxy to read a configuration that it is only asked about. */
const CHECK_LIMIT = 10_000;
/** Before a container is stopped; a load balancer that does not answer by then is not waited for. */
const SETTLE_LIMIT = 2_000;

/** The load balancers of this node: what they serve is from the assignment, who answers is from the grid's names. */
export class LoadBalancers {
  readonly #options: LoadBalancersOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #end: () => void;

  constructor(options: LoadBalancersOptions) {
    this.#options = options;
    this.#end = options.answering.onChange(() => this.#update());
  }

  apply(assignment: Assignment): void {
    const wanted = new Map<string, AssignedInstance>();
    for (const one of assignment.instances)
      if (one.balancing !== undefined) wanted.set(instancePath(one), one);
    for (const [name, { balancer, folder }] of this.#kept)
      if (folder !== this.#folderOf(wanted.get(name))) {
        this.#kept.delete(name);
        void balancer.stop();
      }
    for (const [name, one] of wanted) this.#keep(name, one);
    void this.#clear(wanted);
  }

  /** What the containers of a load balancer mount for it; none: it is no load balancer. */
  mountsOf(instance: AssignedInstance): readonly BindMount[] {
    const source = this.#folderOf(instance);
    if (source === null) return [];
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

  /** A container of this instance may have been started. */
  wake(name: string): void {
    this.#kept.get(name)?.balancer.wake();
  }

  /** Resolves when all of them do as the names have it now, or have had time enough to. */
  async settled(): Promise<void> {
    this.#update();
    const idle = [...this.#kept.values()].map(async ({ balancer }) => await balancer.idle());
    const over = new AbortController();
    const limit = this.#options.clock.sleep(SETTLE_LIMIT, over.signal).catch(() => undefined);
    await Promise.race([Promise.all(idle), limit]);
    over.abort(new Error('settled'));
  }

  /** HAProxy goes on as it is. */
  async stop(): Promise<void> {
    this.#end();
    await Promise.all([...this.#kept.values()].map(async ({ balancer }) => await balancer.stop()));
  }

  #keep(name: string, instance: AssignedInstance): void {
    const { balancing } = instance;
    if (balancing === undefined) return;
    const kept = this.#kept.get(name) ?? this.#begin(name, instance, balancing);
    kept.balancing = balancing;
    try {
      kept.balancer.apply(this.#options.secrets.reveal(balancing));
    } catch (error) {
      this.#tell(name, {
        severity: 'error',
        kind: 'balancer-failed',
        message: errorMessage(error),
      });
    }
    this.#updateOne(kept);
  }

  #begin(name: string, instance: AssignedInstance, balancing: Balancing): Kept {
    const { stack, service, number } = instance;
    const id = { stack, service, number };
    const folder = this.#folderOf(instance) ?? '';
    const balancer = new Balancer({
      folder,
      check: async (file, signal) => await this.#check(id, file, signal),
      clock: this.#options.clock,
      onEvent: (event) => this.#tell(name, event),
    });
    const kept = { id, folder, balancer, balancing };
    this.#kept.set(name, kept);
    return kept;
  }

  #update(): void {
    for (const kept of this.#kept.values()) this.#updateOne(kept);
  }

  /** As long as one service is not known, nobody is sent away. */
  #updateOne({ balancer, balancing }: Kept): void {
    const known = balancing.backends.map((backend) => this.#options.answering.of(backend));
    const upstreams = known.flatMap((one) => one ?? []);
    if (known.every((one) => one !== null)) balancer.update(upstreams);
  }

  /** Where HAProxy runs: its version decides what it takes. */
  async #check(id: InstanceId, file: string, signal: AbortSignal): Promise<CheckResult | null> {
    const { containers, runningContainer } = this.#options;
    const container = runningContainer(id);
    if (container === null) return null;
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
   * path may have no more than 107 characters, so it is a short name. `null`: it is no load balancer.
   */
  #folderOf(instance: AssignedInstance | undefined): string | null {
    if (instance?.balancing === undefined) return null;
    const name = shortDigest([instancePath(instance), instance.specHash]);
    return path.join(this.#options.directory, name);
  }

  /** Folders of load balancers that are on this node no more, with the keys in them. */
  async #clear(wanted: ReadonlyMap<string, AssignedInstance>): Promise<void> {
    const { directory, log } = this.#options;
    const used = new Set([...wanted.values()].map((one) => this.#folderOf(one)));
    try {
      for (const name of await readdir(directory).catch(() => []))
        if (!used.has(path.join(directory, name)))
          await rm(path.join(directory, name), { recursive: true, force: true });
    } catch (error) {
      log.warn({ error: errorMessage(error) }, 'cannot remove what a load balancer has left');
    }
  }
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
