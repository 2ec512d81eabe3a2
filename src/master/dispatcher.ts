import type { WebSocket } from 'ws';
import type { Assignment } from '../model/assignment.ts';
import { GridError } from '../model/error.ts';
import type { NetworkReport } from '../model/network-report.ts';
import type { ObservedInstance } from '../model/observed.ts';
import type { Answer, Question } from '../model/volume.ts';
import type { AgentMessageOf, Signed } from '../protocol/agent.ts';
import { MAX_INSTANCES } from '../protocol/assignment-shape.ts';
import { toObservedInstance, wireAssignment } from '../protocol/codec.ts';
import { type KeyPair, seal } from '../protocol/sign.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { identify } from './admission.ts';
import { checkSize } from './assignment-size.ts';
import { packSecrets } from './courier.ts';
import type { DispatchRecords } from './dispatch-records.ts';
import { engineHeard, withoutEngine } from './engine-heard.ts';
import { assigned, type Fleet, type FleetNode, mergeInstances, unheard } from './fleet.ts';
import { hostHeard } from './host-heard.ts';
import { reportedRuns, runEvent } from './job-runs.ts';
import type { NetworkMaps } from './network-maps.ts';
import type { NodeEvent } from './node-event.ts';
import { type NodeRemark, NodeRemarks } from './node-remarks.ts';
import { Questions } from './questions.ts';
import { recalledAssignment, recalledNetworkMap } from './recalled.ts';
import { type Admission, type Admitted, type Line, Session, type SessionHost } from './session.ts';
import { toldBy } from './untold.ts';
import type { Vault } from './vault.ts';

export interface DispatcherOptions {
  readonly identity: KeyPair;
  readonly version: string;
  readonly heartbeatSeconds: number;
  readonly fleet: Fleet;
  readonly records: DispatchRecords;
  readonly vault: Vault;
  readonly networks: NetworkMaps;
  readonly clock: Clock;
  /** Milliseconds of a clock that nobody sets: how long a node is away is counted by it. */
  readonly uptime: () => number;
  readonly log: Log;
  /** Something about a grid's nodes changed: its controller should look. */
  readonly onChange: (grid: string) => void;
  readonly onEvent: (event: NodeEvent) => void;
  readonly onNetworkReport: (from: {
    readonly grid: string;
    readonly node: string;
    readonly report: NetworkReport;
  }) => Promise<void>;
}

/**
 * The master's end of all sessions. Invariants:
 * - one session a node: a newer one replaces the older;
 * - an assignment is durable before it is sent, and a node's generations only grow;
 * - the fleet is written here (and nowhere else) from what agents say.
 */
export class Dispatcher implements SessionHost {
  readonly identity: KeyPair;
  readonly version: string;
  readonly heartbeatSeconds: number;
  readonly #options: DispatcherOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #questions: Questions;
  readonly #greeting = new Set<Session>();
  readonly #remarks: NodeRemarks;
  #closing = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.identity = options.identity;
    this.version = options.version;
    this.#questions = new Questions(options);
    this.#remarks = new NodeRemarks(options.version);
    this.heartbeatSeconds = options.heartbeatSeconds;
  }

  /** Takes over a fresh websocket; closes it by itself when no agent proves to be behind it. `from` is the peer's address. */
  accept(socket: WebSocket, from: string | null, line: Line): Session {
    const session = new Session(socket, { host: this, log: this.#options.log, from, line });
    this.#greeting.add(session);
    socket.once('close', () => this.#greeting.delete(session));
    return session;
  }

  /** Makes an assignment durable and sends it if the node is there; if not, the node gets it when it comes. */
  async assign(assignment: Assignment): Promise<void> {
    const { fleet, records, clock, uptime, log } = this.#options;
    checkSize(assignment);
    const stored = await records.putAssignment(assignment, clock.now());
    if (!stored)
      throw new GridError({
        code: 'internal',
        message: `generation ${assignment.generation} of node ${assignment.grid}/${assignment.node} exists already`,
        retry: 'later',
      });
    const node =
      fleet.get(assignment.grid, assignment.node) ??
      unheard({ grid: assignment.grid, name: assignment.node, now: uptime() });
    fleet.put(assigned(node, assignment));
    log.debug(
      { grid: assignment.grid, node: assignment.node, generation: assignment.generation },
      'assignment stored',
    );
    this.#send(assignment);
  }

  /** Throws `GridError` when the node is not here, too old, or does not answer. */
  async ask(grid: string, node: string, question: Question): Promise<Answer> {
    const session = this.#sessions.get(key(grid, node));
    if (session !== undefined) return await this.#questions.ask(session, question);
    throw new GridError({ code: 'invalid-request', message: `node ${node} is not online` });
  }

  answered(session: Session, message: AgentMessageOf<'answer'>): void {
    this.#questions.answered(session, message);
  }

  isConnected(grid: string, node: string): boolean {
    return this.#sessions.has(key(grid, node));
  }

  remarkOn(grid: string, node: string): NodeRemark {
    return this.#remarks.of(key(grid, node));
  }

  /** Ends a node's session, for a node that was removed. */
  dismiss(grid: string, node: string): void {
    this.#sessions.get(key(grid, node))?.close('notAuthenticated');
  }

  /** Ends all sessions; what they still say is not listened to, because the store may close next. */
  close(): void {
    this.#closing = true;
    for (const session of this.#sessions.values()) session.close('shutdown');
    for (const session of this.#greeting) session.terminate();
  }

  async admit({ proof, publicKey, from }: Admission): Promise<Admitted> {
    const { fleet, records, networks, clock, uptime } = this.#options;
    const { identity } = this;
    const admitted = await identify(proof.identity, publicKey, { identity, records, clock });
    const { grid, node } = admitted;
    const now = clock.now();
    await records.putNode({ grid, name: node, publicKey, facts: proof.facts, at: now });
    const version = proof.networkVersion ?? 0;
    const recallNetwork = networks.of(grid).greet(node, { version, from });
    const known = fleet.get(grid, node) ?? unheard({ grid, name: node, now: uptime() });
    fleet.put({ ...withoutEngine(known), facts: proof.facts, heardAt: uptime() });
    const greeting = { skew: proof.clock - now, version: proof.facts.agentVersion };
    for (const remark of this.#remarks.greet(key(grid, node), greeting))
      this.#event({ grid, node }, remark);
    const recall = proof.generation > (known.assignment?.generation ?? 0);
    if (recall) fleet.noteOutrun(grid);
    return { ...admitted, recall, recallNetwork };
  }

  opened(session: Session): void {
    const { grid, node } = session.node;
    this.#greeting.delete(session);
    const older = this.#sessions.get(key(grid, node));
    this.#sessions.set(key(grid, node), session);
    const network = this.#options.networks.of(grid);
    this.#forgetHost(session);
    if (older !== undefined) network.left(older);
    older?.close('replaced');
    network.opened(session);
    this.#options.log.info({ grid, node }, 'node connected');
    this.#event(session.node, {
      severity: 'info',
      kind: 'node-connected',
      path: '',
      message: 'agent connected',
    });
  }

  /** A node brings back what this master once assigned. */
  async recalled(session: Session, { signed }: AgentMessageOf<'recalled'>): Promise<void> {
    if (!this.#isCurrent(session)) return;
    const { grid, node } = session.node;
    const assignment = recalledAssignment(signed, session.node, this.identity.publicKey);
    const { records, fleet, clock, uptime, log } = this.#options;
    if (!(await records.putAssignment(assignment, clock.now()))) return;
    fleet.put({ ...this.#known(session), assignment });
    for (const name of assignment.roster) fleet.expect(grid, name, uptime());
    log.info(
      { grid, node, generation: assignment.generation },
      'assignment recalled from its node',
    );
  }

  /** The same of the network map. It names nodes that this master may not know any more, as a roster does. */
  recalledNetwork(session: Session, { signed }: AgentMessageOf<'recalled-network'>): void {
    if (!this.#isCurrent(session)) return;
    const { grid, node } = session.node;
    const map = recalledNetworkMap(signed, grid, this.identity.publicKey);
    const { fleet, networks, uptime, log } = this.#options;
    const isNewest = networks.of(grid).recalled(node, map);
    for (const { name } of isNewest ? map.nodes : []) fleet.expect(grid, name, uptime());
    log.info({ grid, node, version: map.version }, 'network map recalled from its node');
  }

  async observed(session: Session, observation: AgentMessageOf<'observation'>): Promise<void> {
    const { grid, node: name } = session.node;
    if (!this.#isCurrent(session)) return;
    const reported = observation.instances.map(toObservedInstance);
    await this.#noteDone(this.#known(session), reported);
    await this.#noteRuns(this.#known(session), reported);
    // Waiting for the store, the world has gone on: what is laid over must be what is known now.
    if (!this.#isCurrent(session)) return;
    const node = this.#known(session);
    if (observation.generation > (node.assignment?.generation ?? 0)) {
      // It goes by something this master does not know: without it the picture would be wrong.
      session.resync(true);
      return;
    }
    const instances: readonly ObservedInstance[] = mergeInstances(node.instances, {
      complete: observation.complete,
      instances: reported,
      gone: observation.gone,
    });
    if (instances.length > MAX_INSTANCES)
      throw new GridError({
        code: 'protocol-violation',
        message: `the node reports ${instances.length} instances`,
      });
    this.#options.fleet.put({
      ...node,
      online: true,
      observed: true,
      heardAt: this.#options.uptime(),
      instances,
      observedGeneration: observation.generation,
      told: toldBy(node, observation.generation),
    });
    if (
      observation.complete &&
      node.assignment !== null &&
      observation.generation < node.assignment.generation
    )
      this.#send(node.assignment);
    this.#options.log.debug(
      { grid, node: name, generation: observation.generation },
      'observation',
    );
    this.#options.onChange(grid);
  }

  async reported(
    session: Session,
    message: AgentMessageOf<'event'> | AgentMessageOf<'refusal'>,
  ): Promise<void> {
    if (message.type === 'event') {
      this.#options.onEvent({ ...session.node, ...message });
      return;
    }
    this.#options.log.warn(
      { ...session.node, generation: message.generation, code: message.code },
      message.message,
    );
    this.#event(session.node, {
      severity: 'error',
      kind: 'assignment-refused',
      path: '',
      message: `generation ${message.generation} refused: ${message.message}`,
    });
    await Promise.resolve();
  }

  async networkReported(
    session: Session,
    { report }: AgentMessageOf<'network-report'>,
  ): Promise<void> {
    const { grid, node } = session.node;
    if (this.#isCurrent(session)) await this.#options.onNetworkReport({ grid, node, report });
  }

  hostReported(session: Session, { report }: AgentMessageOf<'host'>): void {
    if (!this.#isCurrent(session)) return;
    const known = this.#known(session);
    this.#options.fleet.put({ ...known, host: hostHeard(report, known.host) });
    this.#options.onChange(session.node.grid);
  }

  clocked(session: Session, clock: number): void {
    if (!this.#isCurrent(session)) return;
    const { grid, node } = session.node;
    const skew = clock - this.#options.clock.now();
    for (const remark of this.#remarks.clocked(key(grid, node), skew))
      this.#event(session.node, remark);
  }

  engineHeard(session: Session, message: AgentMessageOf<'engine'>): void {
    if (!this.#isCurrent(session)) return;
    const { fleet, uptime, onChange } = this.#options;
    fleet.put({ ...this.#known(session), engine: engineHeard(message, uptime()) });
    onChange(session.node.grid);
  }

  closed(session: Session): void {
    this.#questions.closed(session);
    const { grid, node: name } = session.node;
    if (!this.#isCurrent(session)) return;
    this.#options.networks.of(grid).closed(name, session);
    this.#sessions.delete(key(grid, name));
    this.#remarks.left(key(grid, name));
    const node = this.#known(session);
    this.#options.fleet.put({ ...node, online: false, heardAt: this.#options.uptime() });
    this.#event(session.node, {
      severity: 'warning',
      kind: 'node-disconnected',
      path: '',
      message: 'agent disconnected; its containers run on',
    });
    this.#options.onChange(grid);
  }

  /** A node is believed about the instances that it is assigned, and their oneshot hooks: so it cannot fill the store. */
  async #noteDone(node: FleetNode, reported: readonly ObservedInstance[]): Promise<void> {
    const { fleet, records, clock } = this.#options;
    const news = fleet.doneHooks.newsAmong(node, reported);
    if (news.length === 0) return;
    await records.putDoneHooks(news, clock.now());
    fleet.doneHooks.add(news);
  }

  /** As with hooks: what a node tells of jobs that it does not have is not listened to. */
  async #noteRuns(node: FleetNode, reported: readonly ObservedInstance[]): Promise<void> {
    const { fleet, records, clock } = this.#options;
    const runs = reportedRuns(node, reported);
    const news = fleet.jobs.newsAmong(runs);
    if (news.length === 0) return;
    await records.putJobRuns(news);
    fleet.jobs.add(news);
    for (const run of news) this.#options.onEvent({ ...runEvent(run), at: clock.now() });
  }

  #isCurrent(session: Session): boolean {
    const { grid, node } = session.node;
    return !this.#closing && this.#sessions.get(key(grid, node)) === session;
  }

  #known(session: Session): FleetNode {
    const { grid, node } = session.node;
    return (
      this.#options.fleet.get(grid, node) ??
      unheard({ grid, name: node, now: this.#options.uptime() })
    );
  }

  /** Whether this agent will tell what else is on its host is not known: the one before it may have been a newer version. */
  #forgetHost(session: Session): void {
    const known = this.#known(session);
    if (known.host !== null) this.#options.fleet.put({ ...known, host: null });
  }

  #send(assignment: Assignment): void {
    const session = this.#sessions.get(key(assignment.grid, assignment.node));
    if (session === undefined) return;
    const signed = seal(this.identity, 'assignment', wireAssignment(assignment));
    if (assignment.secrets === undefined) session.assign(assignment.generation, signed);
    else void this.#sendWithSecrets(session, assignment, signed);
  }

  /** Instances whose secrets are missing do not start; the others need not wait for that. */
  async #sendWithSecrets(session: Session, assignment: Assignment, signed: Signed): Promise<void> {
    const { vault } = this.#options;
    const { recipient } = session;
    const parcel = await packSecrets(assignment, { vault, identity: this.identity, recipient });
    // Opening takes a moment: what has become of the node since goes by itself.
    const current = this.#isCurrent(session) ? this.#known(session).assignment : null;
    if (current?.generation !== assignment.generation) return;
    for (const message of parcel.missing)
      this.#event(assignment, { severity: 'error', kind: 'secret-missing', path: '', message });
    session.assign(assignment.generation, signed, parcel.signed);
  }

  #event(
    of: { readonly grid: string; readonly node: string },
    event: Pick<NodeEvent, 'severity' | 'kind' | 'path' | 'message'>,
  ): void {
    this.#options.onEvent({
      grid: of.grid,
      node: of.node,
      at: this.#options.clock.now(),
      ...event,
    });
  }
}

function key(grid: string, node: string): string {
  return `${grid}/${node}`;
}
