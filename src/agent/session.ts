import { randomBytes } from 'node:crypto';
import { type RawData, WebSocket } from 'ws';
import { errorMessage, GridError } from '../model/error.ts';
import type { NodeFacts } from '../model/observed.ts';
import { isOlder } from '../model/version-order.ts';
import type { Answer } from '../model/volume.ts';
import {
  type AgentMessage,
  type AgentMessageOf,
  CAPABILITY,
  CLOSE,
  MAX_FRAME_BYTES,
  type MasterMessage,
  type MasterMessageOf,
  PROTOCOL,
  type Signed,
} from '../protocol/agent.ts';
import { decodeMasterMessage, encode } from '../protocol/codec.ts';
import { fingerprint, type KeyPair, sessionText, sign, verify } from '../protocol/sign.ts';
import { Alarm } from '../runtime/alarm.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';

/** How this agent makes itself known, and by what it knows its master. */
export type Introduction =
  | { readonly kind: 'credential'; readonly credential: Signed; readonly masterKey: string }
  | {
      readonly kind: 'join';
      readonly token: string;
      readonly name: string;
      /** Of the master's key; from the token. */
      readonly fingerprint: string;
    };

/** What a session asks of its agent, and tells it. */
export interface SessionHost {
  readonly keys: KeyPair;
  readonly version: string;
  introduction(): Introduction;
  /** Of the assignment that the node has all of. */
  reported(): number;
  /** What secrets are to be sealed for. */
  readonly recipient: string;
  /** Keeps the credential. Throws `GridError` when it is not for this node. */
  welcomed(welcome: MasterMessageOf<'welcome'>, masterKey: string): Promise<void>;
  opened(session: Session, options: { readonly recall: boolean }): void;
  /** Returns why it is not taken, or `null`. */
  assigned(message: MasterMessageOf<'assignment'>): Promise<AgentMessageOf<'refusal'> | null>;
  /** Throws `GridError` for what this node's master did not ask in this session. */
  asked(message: MasterMessageOf<'question'>, nonce: string): Promise<Answer>;
  resync(options: { readonly recall: boolean }): void;
  /** Of the network map that the node goes by; 0 without one. */
  networkVersion(): number;
  /** As it was received; `null` without one. */
  networkMap(): Signed | null;
  /** Throws `GridError` when it is not its master's, or not for its grid. */
  networked(message: MasterMessageOf<'network'>): Promise<void>;
}

export interface SessionOptions {
  readonly url: string;
  readonly host: SessionHost;
  readonly facts: NodeFacts;
  readonly clock: Clock;
  readonly log: Log;
}

export interface SessionEnd {
  /** False: a person must act; trying again soon cannot help. */
  readonly retry: boolean;
  readonly reason: string;
}

type State =
  | { readonly name: 'greeting'; readonly nonce: string }
  | { readonly name: 'proving'; readonly masterKey: string }
  | { readonly name: 'open' }
  | { readonly name: 'closed' };

/** From the first byte to an open session. */
const HANDSHAKE_LIMIT = 15_000;
/** A peer that does not answer the close frame must not keep the socket. */
const CLOSE_LIMIT = 1_000;

/**
 * One authenticated websocket life of this agent (protocol/agent.ts). Messages are handled strictly one after the other.
 * Nothing that is worth stealing is sent before the master has proved that it owns the key that this node trusts.
 */
export class Session {
  readonly ended: Promise<SessionEnd>;
  readonly #options: SessionOptions;
  readonly #socket: WebSocket;
  readonly #alarm: Alarm;
  readonly #nonce = randomBytes(32).toString('hex');
  #state: State;
  #queue: Promise<void> = Promise.resolve();
  #capabilities: readonly string[] = [];
  #alive = true;
  /** What the master's bytes come by. */
  #line: { readonly bytesRead: number } | null = null;
  #bytesRead = 0;
  #heartbeat = 0;
  #fault: SessionEnd | null = null;

  /** Connects at once. */
  constructor(options: SessionOptions) {
    this.#options = options;
    this.#state = { name: 'greeting', nonce: this.#nonce };
    this.#alarm = new Alarm(options.clock, () => this.#beat());
    this.#alarm.set(options.clock.now() + HANDSHAKE_LIMIT);
    this.#socket = new WebSocket(options.url, {
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
      handshakeTimeout: HANDSHAKE_LIMIT,
    });
    this.ended = new Promise((resolve) => {
      this.#listen(resolve);
    });
  }

  /** Bytes that the network has not taken yet. */
  get backlog(): number {
    return this.#socket.bufferedAmount;
  }

  get isOpen(): boolean {
    return this.#state.name === 'open';
  }

  /** Whether the master takes what an older one would refuse. */
  takes(capability: string): boolean {
    return this.#capabilities.includes(capability);
  }

  /** Dropped when the session is no longer open: whoever sends compares with the truth when the next one opens. */
  send(message: AgentMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(encode(message));
  }

  close(why: keyof typeof CLOSE): void {
    const { code, reason } = CLOSE[why];
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), CLOSE_LIMIT).unref();
  }

  #listen(resolve: (end: SessionEnd) => void): void {
    const socket = this.#socket;
    socket.on('upgrade', (response) => {
      this.#line = response.socket;
    });
    socket.on('open', () => this.#greet());
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('ping', () => {
      this.#alive = true;
    });
    socket.on('pong', () => {
      this.#alive = true;
    });
    // 'close' follows; without a listener an error ends the process.
    socket.on('error', (error) => {
      this.#fault ??= { retry: true, reason: errorMessage(error) };
    });
    socket.on('close', (code, reason) => {
      this.#state = { name: 'closed' };
      this.#alarm.clear();
      resolve(this.#fault ?? endOf(code, String(reason)));
    });
  }

  #greet(): void {
    if (this.#state.name !== 'greeting') return;
    const { host } = this.#options;
    this.send({
      type: 'hello',
      protocol: { min: PROTOCOL.min, max: PROTOCOL.max },
      agentVersion: host.version,
      capabilities: [CAPABILITY.questions],
      nonce: this.#state.nonce,
      publicKey: host.keys.publicKey,
    });
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#alive = true;
    this.#queue = this.#process(this.#queue, data, isBinary);
  }

  async #process(earlier: Promise<void>, data: RawData, isBinary: boolean): Promise<void> {
    await earlier;
    if (this.#state.name === 'closed') return;
    try {
      if (isBinary) throw violation('binary frame');
      // Text frames arrive as one buffer.
      await this.#handle(decodeMasterMessage((data as Buffer).toString('utf8')));
    } catch (error) {
      this.#fail(error);
    }
  }

  async #handle(message: MasterMessage): Promise<void> {
    const state = this.#state;
    if (state.name === 'greeting' && message.type === 'challenge') {
      this.#prove(message, state.nonce);
      return;
    }
    if (state.name === 'proving' && message.type === 'welcome')
      return await this.#enter(message, state.masterKey);
    if (state.name === 'open' && message.type === 'assignment') return await this.#assign(message);
    if (state.name === 'open' && message.type === 'network')
      return await this.#options.host.networked(message);
    if (state.name === 'open' && message.type === 'question') {
      this.#answer(message);
      return;
    }
    if (state.name === 'open' && message.type === 'resync') {
      this.#options.host.resync({ recall: message.recall });
      return;
    }
    throw violation(`'${message.type}' while the session is ${state.name}`);
  }

  #prove(challenge: MasterMessageOf<'challenge'>, nonce: string): void {
    const { host, facts, clock } = this.#options;
    const introduction = host.introduction();
    const text = sessionText({ agent: nonce, master: challenge.nonce });
    recognise(challenge, introduction, text);
    if (challenge.protocol < PROTOCOL.min || challenge.protocol > PROTOCOL.max)
      throw violation(`the master speaks protocol ${challenge.protocol}`);
    this.#state = { name: 'proving', masterKey: challenge.publicKey };
    this.#capabilities = challenge.capabilities;
    noteVersions(challenge.masterVersion, this.#options);
    this.send({
      type: 'proof',
      signature: sign(
        host.keys,
        'session-node',
        sessionText({ agent: nonce, master: challenge.nonce }, host.recipient),
      ),
      identity: credentials(introduction),
      facts: facts as AgentMessageOf<'proof'>['facts'],
      generation: host.reported(),
      networkVersion: host.networkVersion(),
      clock: clock.now(),
      recipient: host.recipient,
    });
  }

  async #enter(welcome: MasterMessageOf<'welcome'>, masterKey: string): Promise<void> {
    const { host } = this.#options;
    await host.welcomed(welcome, masterKey);
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#state = { name: 'open' };
    this.#heartbeat = welcome.heartbeatSeconds * 1_000;
    this.#beat();
    const map = welcome.recallNetwork === true ? host.networkMap() : null;
    if (map !== null) this.send({ type: 'recalled-network', signed: map });
    host.opened(this, { recall: welcome.recall });
  }

  async #assign(message: MasterMessageOf<'assignment'>): Promise<void> {
    const refusal = await this.#options.host.assigned(message);
    if (refusal === null) return;
    this.send(refusal);
    if (refusal.code !== 'internal') return;
    // A fault of this node, such as a full disk, that may pass: the master sends it again to the next session.
    this.#fault ??= { retry: true, reason: refusal.message };
    this.close('shutdown');
  }

  /** Beside all else: an engine that is asked takes its time. */
  #answer(message: MasterMessageOf<'question'>): void {
    this.#options.host.asked(message, this.#nonce).then(
      (answer) => this.send({ type: 'answer', number: message.number, answer: wireAnswer(answer) }),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Also the end of a handshake that takes too long. */
  #beat(): void {
    if (this.#state.name !== 'open' || !this.#isHeard()) {
      this.#fault ??= { retry: true, reason: 'no sign of life from the master' };
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    // With the time, so that the master sees how this clock goes; to an older one it means nothing.
    this.#socket.ping(String(this.#options.clock.now()));
    this.#alarm.set(this.#options.clock.now() + this.#heartbeat);
  }

  /** Also while a message is coming that takes long on a slow line: nothing else can come before its end. */
  #isHeard(): boolean {
    const { bytesRead } = this.#line ?? { bytesRead: 0 };
    const isComing = bytesRead > this.#bytesRead;
    this.#bytesRead = bytesRead;
    return this.#alive || isComing;
  }

  #fail(error: unknown): void {
    const code = error instanceof GridError ? error.code : 'internal';
    const refused = code === 'not-authenticated' || code === 'not-authorised';
    this.#fault ??= { retry: !refused, reason: errorMessage(error) };
    this.close(refused ? 'notAuthenticated' : 'protocolViolation');
  }
}

type WireAnswer = AgentMessageOf<'answer'>['answer'];

function wireAnswer(answer: Answer): WireAnswer {
  return answer as WireAnswer;
}

/** Throws `not-authenticated` unless the peer proves that it owns the key that this node trusts. */
function recognise(
  challenge: MasterMessageOf<'challenge'>,
  introduction: Introduction,
  text: string,
): void {
  const known =
    introduction.kind === 'credential'
      ? challenge.publicKey === introduction.masterKey
      : fingerprint(challenge.publicKey) === introduction.fingerprint;
  if (known && verify(challenge.publicKey, 'session-master', text, challenge.signature)) return;
  throw new GridError({
    code: 'not-authenticated',
    message: 'the peer is not the master that this node trusts',
    hint: 'Check the master’s address. If its key was lost, empty the agent’s directory and join again.',
  });
}

/** Either order works; a person is told what to update. */
function noteVersions(master: string, { host, log }: SessionOptions): void {
  const versions = { agent: host.version, master };
  if (isOlder(host.version, master))
    log.warn(versions, 'this agent is older than its master: it goes on working; update it');
  else if (isOlder(master, host.version))
    log.warn(versions, 'this agent is newer than its master: update the master first, always');
}

function credentials(introduction: Introduction): AgentMessageOf<'proof'>['identity'] {
  if (introduction.kind === 'credential')
    return { kind: 'credential', credential: introduction.credential };
  return { kind: 'join', token: introduction.token, name: introduction.name };
}

function endOf(code: number, reason: string): SessionEnd {
  const known = Object.values(CLOSE).find((one) => one.code === code);
  return { retry: known?.retry ?? true, reason: reason === '' ? `closed with ${code}` : reason };
}

function violation(message: string): GridError {
  return new GridError({ code: 'protocol-violation', message, retry: 'later' });
}
