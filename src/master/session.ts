import { randomBytes } from 'node:crypto';
import type { RawData, WebSocket } from 'ws';
import { errorMessage, GridError } from '../model/error.ts';
import {
  type AgentMessage,
  type AgentMessageOf,
  CAPABILITY,
  CLOSE,
  MAX_FRAME_BYTES,
  type MasterMessage,
  PROTOCOL,
  type Signed,
} from '../protocol/agent.ts';
import { decodeAgentMessage, encode } from '../protocol/codec.ts';
import { type KeyPair, sessionText, sign, verify } from '../protocol/sign.ts';
import type { Log } from '../runtime/log.ts';

/** What a session asks of the master. The dispatcher is it. */
export interface SessionHost {
  readonly identity: KeyPair;
  readonly version: string;
  readonly heartbeatSeconds: number;
  /** Who the node is. Throws `GridError` `not-authenticated` or `not-authorised`. */
  admit(admission: Admission): Promise<Admitted>;
  opened(session: Session): void;
  /** Throws `GridError` `not-authenticated` for what this master did not sign, or not for this node. */
  recalled(session: Session, message: AgentMessageOf<'recalled'>): Promise<void>;
  /** The same of the network map. */
  recalledNetwork(session: Session, message: AgentMessageOf<'recalled-network'>): void;
  observed(session: Session, observation: AgentMessageOf<'observation'>): Promise<void>;
  reported(
    session: Session,
    message: AgentMessageOf<'event'> | AgentMessageOf<'refusal'>,
  ): Promise<void>;
  closed(session: Session): void;
  answered(session: Session, message: AgentMessageOf<'answer'>): void;
  /** The time by the node's clock, milliseconds since the epoch. */
  clocked(session: Session, clock: number): void;
  networkReported(session: Session, message: AgentMessageOf<'network-report'>): Promise<void>;
  hostReported(session: Session, message: AgentMessageOf<'host'>): void;
  engineHeard(session: Session, message: AgentMessageOf<'engine'>): void;
}

export interface Admission {
  readonly publicKey: string;
  readonly proof: AgentMessageOf<'proof'>;
  /** The peer's address; `null` when it tells nothing. */
  readonly from: string | null;
}

export interface Admitted {
  readonly grid: string;
  readonly node: string;
  readonly credential: Signed;
  readonly recall: boolean;
  readonly recallNetwork: boolean;
}

type State =
  | { readonly name: 'greeting' }
  | {
      readonly name: 'proving';
      readonly publicKey: string;
      readonly nonces: { agent: string; master: string };
    }
  | {
      readonly name: 'open';
      readonly grid: string;
      readonly node: string;
      readonly recipient: string | null;
      readonly networkVersion: number | null;
    }
  | { readonly name: 'closed' };

/** What a peer's bytes come by. */
export interface Line {
  readonly bytesRead: number;
}

/** From the first byte to an open session; slower peers are cut off. */
const HANDSHAKE_MILLISECONDS = 10_000;
/** Messages that a peer may send ahead of their handling; an agent has two or three under way. */
const MAX_WAITING = 1_000;
/** Between two heartbeats. A node whose thousand containers all crash tells no more. */
const MAX_REPORTS = 1_000;
/** Bytes, as websockets have it; names and hints of ours are ASCII. */
const MAX_REASON = 123;
/** Four assignments of the largest size. */
const MAX_BACKLOG = 4 * MAX_FRAME_BYTES;

/**
 * One authenticated websocket life of an agent, the master's end. Messages are handled strictly one after the other.
 * Every fault closes the socket with a code that tells the agent whether trying again can help.
 */
export class Session {
  readonly #socket: WebSocket;
  readonly #host: SessionHost;
  readonly #log: Log;
  readonly #from: string | null;
  readonly #line: Line;
  #bytesRead = 0;
  #state: State = { name: 'greeting' };
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** The next observation's sequence number; `null`: only a complete one will do. */
  #expected: number | null = null;
  #alive = true;
  #capabilities: readonly string[] = [];
  #agentNonce = '';
  /** Events and refusals since the last beat. */
  #reports = 0;
  #timer: NodeJS.Timeout;

  constructor(
    socket: WebSocket,
    {
      host,
      log,
      from,
      line,
    }: {
      readonly host: SessionHost;
      readonly log: Log;
      readonly from: string | null;
      readonly line: Line;
    },
  ) {
    this.#line = line;
    this.#socket = socket;
    this.#host = host;
    this.#log = log;
    this.#from = from;
    this.#timer = setTimeout(() => this.close('timeout'), HANDSHAKE_MILLISECONDS);
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('ping', (data: Buffer) => {
      this.#alive = true;
      const clock = clockOf(data);
      if (clock !== null && this.isKnown) host.clocked(this, clock);
    });
    socket.on('close', () => this.#ended());
    // Without a listener an oversize frame ends the process.
    socket.on('error', (error) =>
      log.debug({ error: errorMessage(error) }, 'session socket error'),
    );
  }

  /** Throws where the session is not open: only the dispatcher holds sessions, and it holds open ones. */
  get node(): { readonly grid: string; readonly node: string } {
    if (this.#state.name !== 'open') throw new Error(`session is ${this.#state.name}`);
    return this.#state;
  }

  get isKnown(): boolean {
    return this.#state.name === 'open';
  }

  /** What secret values are sealed for. `null`: the agent is too old to take any. */
  get recipient(): string | null {
    return this.#state.name === 'open' ? this.#state.recipient : null;
  }

  /** Of the network map that the node went by when the session opened. `null`: its agent knows of none. */
  get networkVersion(): number | null {
    return this.#state.name === 'open' ? this.#state.networkVersion : null;
  }

  /** Whether the agent takes what an older one would refuse. */
  takes(capability: string): boolean {
    return this.#capabilities.includes(capability);
  }

  /** By which the agent knows this session. */
  get agentNonce(): string {
    return this.#agentNonce;
  }

  ask(number: number, signed: Signed): void {
    this.#send({ type: 'question', number, signed });
  }

  assign(generation: number, signed: Signed, secrets?: Signed): void {
    this.#send({
      type: 'assignment',
      generation,
      signed,
      ...(secrets === undefined ? {} : { secrets }),
    });
  }

  /** The message as text: a map goes to many nodes. */
  sendNetwork(message: string): void {
    this.#sendText(message);
  }

  resync(recall: boolean): void {
    this.#expected = null;
    this.#send({ type: 'resync', recall });
  }

  /** `hint` is for the person who reads the agent's log. */
  close(why: keyof typeof CLOSE, hint?: string): void {
    const { code, reason } = CLOSE[why];
    this.#socket.close(code, hint === undefined ? reason : hint.slice(0, MAX_REASON));
    // A peer that does not answer the close frame must not keep the socket.
    setTimeout(() => this.#socket.terminate(), 1_000).unref();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#alive = true;
    this.#waiting += 1;
    if (this.#waiting > MAX_WAITING) this.terminate();
    else this.#queue = this.#take(this.#queue, data, isBinary);
  }

  async #take(before: Promise<void>, data: RawData, isBinary: boolean): Promise<void> {
    await before;
    this.#waiting -= 1;
    if (this.#state.name === 'closed') return;
    try {
      if (isBinary) throw new GridError({ code: 'protocol-violation', message: 'binary frame' });
      await this.#handle(decodeAgentMessage(textOf(data)));
    } catch (error) {
      this.#fail(error);
    }
  }

  async #handle(message: AgentMessage): Promise<void> {
    const state = this.#state;
    if (state.name === 'greeting' && message.type === 'hello') return this.#challenge(message);
    if (state.name === 'proving' && message.type === 'proof')
      return await this.#admit(state, message);
    if (state.name === 'open' && message.type === 'recalled')
      return await this.#host.recalled(this, message);
    if (state.name === 'open' && message.type === 'recalled-network')
      return this.#host.recalledNetwork(this, message);
    if (state.name === 'open' && message.type === 'observation')
      return await this.#observed(message);
    if (state.name === 'open' && (message.type === 'event' || message.type === 'refusal'))
      return await this.#reported(message);
    if (state.name === 'open' && message.type === 'network-report')
      return await this.#host.networkReported(this, message);
    if (state.name === 'open' && message.type === 'host')
      return this.#host.hostReported(this, message);
    if (state.name === 'open' && message.type === 'engine')
      return this.#host.engineHeard(this, message);
    if (state.name === 'open' && message.type === 'answer')
      return this.#host.answered(this, message);
    throw new GridError({
      code: 'protocol-violation',
      message: `'${message.type}' while the session is ${state.name}`,
    });
  }

  #challenge(hello: AgentMessageOf<'hello'>): void {
    if (hello.protocol.min > PROTOCOL.max || hello.protocol.max < PROTOCOL.min) {
      this.#log.warn(
        { protocol: hello.protocol, agentVersion: hello.agentVersion },
        'agent speaks no protocol of ours',
      );
      this.close('incompatible');
      return;
    }
    const nonces = { agent: hello.nonce, master: randomBytes(32).toString('hex') };
    this.#state = { name: 'proving', publicKey: hello.publicKey, nonces };
    this.#capabilities = hello.capabilities;
    this.#agentNonce = hello.nonce;
    const { identity, version } = this.#host;
    this.#send({
      type: 'challenge',
      protocol: Math.min(hello.protocol.max, PROTOCOL.max),
      masterVersion: version,
      capabilities: Object.values(CAPABILITY),
      nonce: nonces.master,
      publicKey: identity.publicKey,
      signature: sign(identity, 'session-master', sessionText(nonces)),
    });
  }

  async #admit(
    state: Extract<State, { name: 'proving' }>,
    proof: AgentMessageOf<'proof'>,
  ): Promise<void> {
    if (
      !verify(
        state.publicKey,
        'session-node',
        sessionText(state.nonces, proof.recipient),
        proof.signature,
      )
    )
      throw new GridError({
        code: 'not-authenticated',
        message: 'the node does not own the key it names',
      });
    const { publicKey } = state;
    const admitted = await this.#host.admit({ publicKey, proof, from: this.#from });
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const { grid, node } = admitted;
    const { recipient = null, networkVersion = null } = proof;
    this.#state = { name: 'open', grid, node, recipient, networkVersion };
    this.#send({
      type: 'welcome',
      grid,
      node,
      credential: admitted.credential,
      heartbeatSeconds: this.#host.heartbeatSeconds,
      recall: admitted.recall,
      ...(admitted.recallNetwork ? { recallNetwork: true } : {}),
    });
    this.#beat();
    this.#host.opened(this);
  }

  async #observed(observation: AgentMessageOf<'observation'>): Promise<void> {
    if (!observation.complete && this.#expected === null) return;
    if (!observation.complete && observation.sequence !== this.#expected) {
      this.resync(false);
      return;
    }
    this.#expected = observation.sequence + 1;
    await this.#host.observed(this, observation);
  }

  /** Of a flood, history needs no more than its beginning. */
  async #reported(message: AgentMessageOf<'event'> | AgentMessageOf<'refusal'>): Promise<void> {
    this.#reports += 1;
    if (this.#reports <= MAX_REPORTS) return await this.#host.reported(this, message);
    if (this.#reports === MAX_REPORTS + 1)
      this.#log.warn({ ...this.node }, 'too many events; the rest is dropped until the next beat');
  }

  #beat(): void {
    clearTimeout(this.#timer);
    this.#reports = 0;
    this.#timer = setTimeout(() => {
      if (!this.#isHeard()) {
        this.#socket.terminate();
        return;
      }
      this.#alive = false;
      this.#socket.ping();
      this.#beat();
    }, this.#host.heartbeatSeconds * 1_000);
  }

  /** Also while a message is coming that takes long on a slow line: nothing else can come before its end. */
  #isHeard(): boolean {
    const { bytesRead } = this.#line;
    const isComing = bytesRead > this.#bytesRead;
    this.#bytesRead = bytesRead;
    return this.#alive || isComing;
  }

  #send(message: MasterMessage): void {
    this.#sendText(encode(message));
  }

  /** A peer that asks and does not read must not fill this process's memory. */
  #sendText(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_BACKLOG) this.#socket.terminate();
    else this.#socket.send(text);
  }

  #fail(error: unknown): void {
    this.#log.warn({ error: errorMessage(error) }, 'session refused');
    const { code, hint } =
      error instanceof GridError ? error : { code: 'internal', hint: undefined };
    if (code === 'not-authenticated' || code === 'not-authorised')
      this.close('notAuthenticated', hint);
    else this.close('protocolViolation');
  }

  #ended(): void {
    clearTimeout(this.#timer);
    const wasOpen = this.#state.name === 'open';
    if (wasOpen) this.#host.closed(this);
    this.#state = { name: 'closed' };
  }
}

/** What an agent says with its pings; older ones say nothing. */
function clockOf(data: Buffer): number | null {
  const text = data.toString('latin1');
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function textOf(data: RawData): string {
  return Array.isArray(data)
    ? Buffer.concat(data).toString()
    : Buffer.from(data as Buffer).toString();
}
