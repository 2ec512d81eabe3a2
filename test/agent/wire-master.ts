import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Assignment } from '../../src/model/assignment.ts';
import type {
  AgentMessage,
  AgentMessageOf,
  MasterMessage,
  MasterMessageOf,
} from '../../src/protocol/agent.ts';
import { decodeAgentMessage, encode } from '../../src/protocol/codec.ts';
import { printJoinToken } from '../../src/protocol/join-token.ts';
import {
  createKeyPair,
  fingerprint,
  type KeyPair,
  seal,
  sessionText,
  sign,
} from '../../src/protocol/sign.ts';

/** One connection of an agent, the master's end, message by message. */
export class Peer {
  readonly closed: Promise<number>;
  readonly received: AgentMessage[] = [];
  /** What came with its pings. */
  readonly pings: string[] = [];
  readonly #socket: WebSocket;
  readonly #waiting: (() => void)[] = [];
  nonces = { agent: '', master: randomBytes(32).toString('hex') };
  publicKey = '';

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      this.received.push(decodeAgentMessage((data as Buffer).toString()));
      for (const look of this.#waiting.splice(0)) look();
    });
    socket.on('ping', (data: Buffer) => this.pings.push(data.toString()));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', (code) => {
        resolve(code);
        for (const look of this.#waiting.splice(0)) look();
      });
    });
  }

  /** The next message of a type that was not taken yet. */
  async next<T extends AgentMessage['type']>(type: T): Promise<AgentMessageOf<T>> {
    for (;;) {
      const at = this.received.findIndex((message) => message.type === type);
      const [found] = at === -1 ? [] : this.received.splice(at, 1);
      if (found !== undefined) return found as AgentMessageOf<T>;
      if (this.#socket.readyState > 1) throw new Error(`no ${type}: the agent has left`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  send(message: MasterMessage): void {
    this.sendText(encode(message));
  }

  sendText(text: string | Buffer): void {
    this.#socket.send(text);
  }

  /** A piece of a message; the next one may be long in coming. */
  sendPart(text: string, isLast: boolean): void {
    this.#socket.send(text, { fin: isLast });
  }

  close(code: number): void {
    this.#socket.close(code);
  }

  /** Stops answering, as a host does that lost its power. */
  freeze(): void {
    this.#socket.pause();
  }
}

/** A master that says exactly what a test wants, over real sockets. */
export class WireMaster {
  readonly keys: KeyPair;
  readonly url: string;
  readonly #server: WebSocketServer;
  readonly #peers: Peer[] = [];
  readonly #waiting: (() => void)[] = [];

  private constructor(server: WebSocketServer, keys: KeyPair) {
    this.#server = server;
    this.keys = keys;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket) => {
      this.#peers.push(new Peer(socket));
      for (const look of this.#waiting.splice(0)) look();
    });
  }

  static async start(
    of: {
      readonly host?: string;
      readonly port?: number;
      readonly keys?: KeyPair;
      /** Whether it answers pings; true when absent. */
      readonly autoPong?: boolean;
    } = {},
  ): Promise<WireMaster> {
    const { host = '127.0.0.1', port = 0, keys = createKeyPair(), autoPong = true } = of;
    const server = new WebSocketServer({ host, port, path: '/agent', autoPong });
    await once(server, 'listening');
    return new WireMaster(server, keys);
  }

  /** How many agents are waiting to be taken by `peer`. */
  get calls(): number {
    return this.#peers.length;
  }

  token(grid = 'demo'): string {
    return printJoinToken({
      grid,
      secret: 'x'.repeat(43),
      fingerprint: fingerprint(this.keys.publicKey),
    });
  }

  /** The next connection. */
  async peer(): Promise<Peer> {
    for (;;) {
      const peer = this.#peers.shift();
      if (peer !== undefined) return peer;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The next connection, with hands shaken. */
  async open(overrides: Partial<MasterMessageOf<'welcome'>> = {}): Promise<Peer> {
    const peer = await this.peer();
    await this.challenge(peer);
    await peer.next('proof');
    this.welcome(peer, overrides);
    return peer;
  }

  async challenge(
    peer: Peer,
    overrides: Partial<MasterMessageOf<'challenge'>> = {},
  ): Promise<AgentMessageOf<'hello'>> {
    const hello = await peer.next('hello');
    peer.nonces = { ...peer.nonces, agent: hello.nonce };
    peer.publicKey = hello.publicKey;
    peer.send({
      type: 'challenge',
      protocol: 1,
      masterVersion: '0.1.0',
      capabilities: [],
      nonce: peer.nonces.master,
      publicKey: this.keys.publicKey,
      signature: sign(this.keys, 'session-master', sessionText(peer.nonces)),
      ...overrides,
    });
    return hello;
  }

  welcome(peer: Peer, overrides: Partial<MasterMessageOf<'welcome'>> = {}): void {
    const { grid = 'demo', node = 'node-1' } = overrides;
    peer.send({
      type: 'welcome',
      grid,
      node,
      credential: seal(this.keys, 'credential', {
        grid,
        node,
        publicKey: peer.publicKey,
        issuedAt: 1,
      }),
      heartbeatSeconds: 30,
      recall: false,
      ...overrides,
    });
  }

  assign(peer: Peer, assignment: Partial<Assignment>, keys = this.keys): void {
    const complete: Assignment = {
      grid: 'demo',
      node: 'node-1',
      generation: 1,
      roster: ['node-1'],
      instances: [],
      kept: [],
      ...assignment,
    };
    const { generation } = complete;
    peer.send({ type: 'assignment', generation, signed: seal(keys, 'assignment', complete) });
  }

  async stop(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
