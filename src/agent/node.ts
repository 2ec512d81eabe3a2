import type { Assignment } from '../model/assignment.ts';
import { errorMessage, GridError } from '../model/error.ts';
import type { HostReport } from '../model/host-report.ts';
import { instancePath } from '../model/identity.ts';
import type { ObservedInstance } from '../model/observed.ts';
import type { Answer } from '../model/volume.ts';
import {
  type AgentMessage,
  type AgentMessageOf,
  CAPABILITY,
  type MasterMessageOf,
  type Signed,
} from '../protocol/agent.ts';
import type { JoinToken } from '../protocol/join-token.ts';
import type { KeyPair } from '../protocol/sign.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { AgentEvent } from './agent-event.ts';
import type { Containers, Engine } from './containers.ts';
import type { DriftRecord } from './drift-record.ts';
import type { EnginePulse } from './engine-pulse.ts';
import { EventOutbox } from './event-outbox.ts';
import type { DeliveredFiles } from './file-store.ts';
import type { GridNetwork } from './grid-network.ts';
import type { HookRecord } from './hook-record.ts';
import { HostReporter } from './host-reporter.ts';
import {
  checkAssignment,
  checkNetworkMap,
  checkSecrets,
  type HeldNetworkMap,
  type Identity,
  type Membership,
} from './identity.ts';
import type { JobRecord } from './job-record.ts';
import type { Lanes } from './lanes.ts';
import { LoadBalancers } from './load-balancers.ts';
import { NetworkReporter } from './network-reporter.ts';
import { Observer } from './observer.ts';
import type { Probes } from './probe.ts';
import type { QuestionDesk } from './question-desk.ts';
import { Reconciler } from './reconciler.ts';
import { RefusedPorts } from './refused-ports.ts';
import type { SecretStore } from './secret-store.ts';
import type { Introduction, Session, SessionHost } from './session.ts';

export interface NodeOptions {
  readonly identity: Identity;
  readonly name: string;
  readonly joinToken: string | null;
  readonly token: JoinToken | null;
  readonly publishAddress: string;
  readonly containers: Containers;
  readonly engine: Engine;
  readonly pulse: EnginePulse;
  readonly probes: Probes;
  readonly files: DeliveredFiles;
  readonly secrets: SecretStore;
  readonly lanes: Lanes;
  readonly hooks: HookRecord;
  readonly drifts: DriftRecord;
  readonly desk: QuestionDesk;
  readonly jobs: JobRecord;
  readonly network: GridNetwork;
  /** For what load balancers of this node go by. */
  readonly balancersDirectory: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly version: string;
}

export interface AgentStatus {
  readonly connected: boolean;
  /** `null` before the node has joined. */
  readonly grid: string | null;
  /** Of the assignment that the node goes by; 0 before the first. */
  readonly generation: number;
  readonly instances: readonly ObservedInstance[];
}

/**
 * This node between its two neighbours: what the master sends goes to the reconciler, what the reconciler sees goes to the
 * master. Before it has joined a grid there is nothing to reconcile.
 */
export class Node implements SessionHost {
  readonly #options: NodeOptions;
  readonly #observer: Observer;
  readonly #events = new EventOutbox();
  readonly #reporter: NetworkReporter | null;
  readonly #host: HostReporter;
  readonly #refusedPorts: RefusedPorts;
  #reconciler: Reconciler | null = null;
  #balancers: LoadBalancers | null = null;
  #signed: Signed | null = null;
  #map: HeldNetworkMap | null = null;
  #session: Session | null = null;
  #taking: Promise<void> = Promise.resolve();
  /** Values of the assignment's secrets were lost: the master sends it again to a node that is behind. */
  #lacksSecrets = false;
  /** The assignment must go before the next complete observation. */
  #recalled = false;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.#observer = new Observer({
      clock: options.clock,
      source: {
        generation: () => this.reported(),
        assignment: () => this.#signed,
        all: () => this.#reconciler?.observed() ?? [],
        one: (path) => this.#reconciler?.observe(path) ?? null,
        pathOf: instancePath,
      },
    });
    const { observer } = options.network;
    this.#reporter = observer === undefined ? null : new NetworkReporter({ ...options, observer });
    this.#refusedPorts = new RefusedPorts(options.publishAddress);
    this.#host = new HostReporter({ ...options, look: async () => await this.#lookAround() });
  }

  get keys(): KeyPair {
    return this.#options.identity.keys;
  }

  get version(): string {
    return this.#options.version;
  }

  /** Goes on where the agent left off, by what is on disk. */
  async resume(): Promise<void> {
    const { identity, log, pulse } = this.#options;
    pulse.start();
    if (identity.membership === null) return;
    // Before anything is started: what it is attached to has to be there.
    this.#map = await identity.networkMap();
    if (this.#map !== null) this.#options.network.apply(this.#map.map, identity.membership.node);
    const held = await identity.assignment();
    const reconciler = this.#reconcile(identity.membership);
    if (held === null) return;
    this.#signed = held.signed;
    this.#lacksSecrets = this.#options.secrets.lacks(held.assignment.secrets ?? {});
    log.info({ generation: held.assignment.generation }, 'going by the assignment on disk');
    reconciler.apply(held.assignment);
  }

  introduction(): Introduction {
    const { identity, joinToken, token, name } = this.#options;
    if (identity.membership !== null) return { kind: 'credential', ...identity.membership };
    if (joinToken === null || token === null) throw new Error('neither joined nor invited');
    return { kind: 'join', token: joinToken, name, fingerprint: token.fingerprint };
  }

  /** By which it goes; `null` before the first. */
  get assignment(): Assignment | null {
    return this.#reconciler?.assignment ?? null;
  }

  generation(): number {
    return this.#reconciler?.assignment?.generation ?? 0;
  }

  /** What the master is told: of an assignment whose secrets are missing it has to know that it did not arrive. */
  reported(): number {
    return this.generation() - (this.#lacksSecrets ? 1 : 0);
  }

  get recipient(): string {
    return this.#options.secrets.recipient;
  }

  async welcomed(welcome: MasterMessageOf<'welcome'>, masterKey: string): Promise<void> {
    const { identity, token, name, log } = this.#options;
    const before = identity.membership;
    const grid = before?.grid ?? token?.grid;
    if (welcome.grid !== grid || welcome.node !== name)
      throw new GridError({
        code: 'not-authenticated',
        message: `the master says ${welcome.grid}/${welcome.node}, this node is ${grid}/${name}`,
      });
    const membership = await identity.join({ masterKey, ...welcome });
    if (before === null) log.info({ grid: membership.grid, node: membership.node }, 'joined');
    if (this.#reconciler === null) this.#reconcile(membership);
  }

  opened(session: Session, options: { readonly recall: boolean }): void {
    this.#session = session;
    this.#recalled = options.recall;
    this.#options.log.info({ recall: options.recall }, 'session with the master is open');
    void session.ended.then(() => this.#closed(session));
    // Before the first observation: what a silent engine's node shows is not to be believed for a moment.
    if (session.takes(CAPABILITY.engine))
      this.#options.pulse.open((message) => session.send(message));
    this.#events.open((event) => session.send(event));
    if (session.takes(CAPABILITY.networkReport))
      this.#reporter?.open((message) => session.send(message));
    const told = session.takes(CAPABILITY.host)
      ? this.#host.open((message) => session.send(message))
      : null;
    void this.#reconciler?.known.then(() => told).then(() => this.#observe(session));
  }

  async assigned({
    signed,
    secrets,
    generation,
  }: MasterMessageOf<'assignment'>): Promise<AgentMessageOf<'refusal'> | null> {
    // An older session may still be busy with an older one.
    const taken = this.#taking.then(() => this.#take(signed, secrets));
    this.#taking = taken.catch(() => undefined);
    try {
      await taken;
      return null;
    } catch (error) {
      const code = error instanceof GridError ? error.code : 'internal';
      const message = errorMessage(error);
      this.#options.log.error({ generation, code, message }, 'assignment refused');
      return { type: 'refusal', generation, code, message };
    }
  }

  networkVersion(): number {
    return this.#map?.map.version ?? 0;
  }

  networkMap(): Signed | null {
    return this.#map?.signed ?? null;
  }

  async networked({ signed }: MasterMessageOf<'network'>): Promise<void> {
    const taken = this.#taking.then(() => this.#takeMap(signed));
    this.#taking = taken.catch(() => undefined);
    await taken;
  }

  async asked(message: MasterMessageOf<'question'>, nonce: string): Promise<Answer> {
    const { identity, desk } = this.#options;
    const { membership } = identity;
    if (membership === null) throw new Error('not joined yet');
    const assignment = () => this.#reconciler?.assignment ?? null;
    return await desk.answer(message, { nonce, membership, assignment });
  }

  resync(options: { readonly recall: boolean }): void {
    if (this.#observer.isOpen) this.#observer.complete(options);
    else this.#recalled ||= options.recall;
  }

  status(): AgentStatus {
    return {
      connected: this.#session?.isOpen === true,
      grid: this.#options.identity.membership?.grid ?? null,
      generation: this.generation(),
      instances: this.#reconciler?.observed() ?? [],
    };
  }

  /** Of the host, not of an instance. */
  tell(event: Omit<AgentEvent, 'path'>): void {
    this.#report({ ...event, path: '' });
  }

  /** The next session tells the master what this node is now. */
  renew(): void {
    this.#session?.close('shutdown');
  }

  async stop(): Promise<void> {
    this.#observer.close();
    this.#options.pulse.stop();
    await this.#reporter?.stop();
    await this.#host.stop();
    await this.#reconciler?.stop();
    await this.#balancers?.stop();
    await this.#options.network.stop();
  }

  #reconcile(membership: Membership): Reconciler {
    const { publishAddress } = this.#options;
    const { grid, node } = membership;
    const { network, balancersDirectory: directory } = this.#options;
    const balancers = new LoadBalancers({
      ...this.#options,
      directory,
      answering: network.answering,
      runningContainers: (id) => this.#reconciler?.runningContainers(id) ?? null,
      onEvent: (event) => this.#report(event),
    });
    this.#balancers = balancers;
    this.#reconciler = new Reconciler({
      ...this.#options,
      publisher: network.publisher,
      balancers,
      scope: { grid, node, publishAddress },
      onChange: (path) => this.#changed(path),
      onEvent: (event) => this.#report(event),
      onListed: (all) => this.#options.desk.listed(all),
    });
    void this.#reconciler.looked.then(() => network.begin(async () => await balancers.settled()));
    return this.#reconciler;
  }

  #changed(path: string): void {
    this.#observer.touch(path);
    const instance = this.#reconciler?.assignment?.instances.find(
      (one) => one.spec.ports.length > 0 && instancePath(one) === path,
    );
    const observed = instance === undefined ? null : (this.#reconciler?.observe(path) ?? null);
    if (instance === undefined || observed === null) return;
    if (this.#refusedPorts.notice(instance, observed, this.#options.clock.now())) this.#host.wake();
  }

  async #lookAround(): Promise<HostReport> {
    const { identity, engine, publishAddress, clock } = this.#options;
    const { membership } = identity;
    if (membership === null) throw new Error('not joined yet');
    const { grid, node } = membership;
    const found = await engine.host({ grid, node, publishAddress });
    return { ...found, ports: [...this.#refusedPorts.list(clock.now()), ...found.ports] };
  }

  /** The same assignment again is fine: the master could not know that it had arrived. */
  async #take(signed: Signed, secrets: Signed | undefined): Promise<void> {
    const { identity, log } = this.#options;
    const { membership } = identity;
    if (membership === null || this.#reconciler === null) throw new Error('not joined yet');
    const assignment = checkAssignment(signed, membership);
    // Before the assignment: what is on disk must never need what is not.
    if (secrets !== undefined)
      await this.#options.secrets.take(checkSecrets(secrets, assignment, membership));
    if (signed.payload === this.#signed?.payload) return this.#hasSecrets(assignment);
    if (assignment.generation <= this.generation())
      throw new GridError({
        code: 'invalid-request',
        message: `generation ${assignment.generation} is not newer than ${this.generation()}, by which this node goes`,
      });
    await identity.keep(signed);
    this.#signed = signed;
    this.#lacksSecrets = false;
    const { generation, instances } = assignment;
    log.info({ generation, instances: instances.length }, 'assignment taken');
    this.#reconciler.apply(assignment);
  }

  async #takeMap(signed: Signed): Promise<void> {
    const { identity, network, log } = this.#options;
    const { membership } = identity;
    if (membership === null) throw new Error('not joined yet');
    const map = checkNetworkMap(signed, membership);
    if (map.version <= this.networkVersion()) return;
    await identity.keepNetworkMap(signed);
    this.#map = { signed, map };
    log.info({ version: map.version, nodes: map.nodes.length }, 'network map taken');
    network.apply(map, membership.node);
  }

  /** They have come a second time: what waited for them goes on. */
  #hasSecrets(assignment: Assignment): void {
    if (!this.#lacksSecrets) return;
    this.#lacksSecrets = false;
    this.#reconciler?.apply(assignment);
  }

  #observe(session: Session): void {
    if (this.#session !== session || !session.isOpen) return;
    const sink = {
      send: (message: AgentMessage) => session.send(message),
      backlog: () => session.backlog,
    };
    this.#observer.open(sink, { recall: this.#recalled });
  }

  #closed(session: Session): void {
    if (this.#session !== session) return;
    this.#session = null;
    this.#reporter?.close();
    this.#host.close();
    this.#events.close();
    this.#options.pulse.close();
    this.#observer.close();
  }

  #report(event: AgentEvent): void {
    const at = this.#options.clock.now();
    const message = event.message.slice(0, 4_000);
    this.#events.add({ type: 'event', at, ...event, message });
  }
}
