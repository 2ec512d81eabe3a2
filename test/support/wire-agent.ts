import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ObservedInstance } from '../../src/model/observed.ts';
import type {
  AgentMessage,
  AgentMessageOf,
  MasterMessage,
  MasterMessageOf,
} from '../../src/protocol/agent.ts';
import { decodeMasterMessage, encode } from '../../src/protocol/codec.ts';
import { createKeyPair, type KeyPair, sessionText, sign } from '../../src/protocol/sign.ts';
import { someFacts } from './builders.ts';

/** The agent's end of a session, message by message, for tests that say things a real agent never would. */
export class WireAgent {
  readonly keys: KeyPair;
  readonly #socket: WebSocket;
  readonly #received: MasterMessage[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  nonces = { agent: randomBytes(32).toString('hex'), master: '' };
  protocol = { min: 1, max: 1 };
  sequence = 0;
  /** That came. */
  pings = 0;

  /** `autoPong`: whether it answers pings. */
  constructor(url: string, keys = createKeyPair(), { autoPong = true } = {}) {
    this.keys = keys;
    this.#socket = new WebSocket(url, { autoPong });
    this.#socket.on('ping', () => {
      this.pings += 1;
    });
    this.#socket.on('message', (data) => {
      this.#received.push(decodeMasterMessage((data as Buffer).toString()));
      for (const look of this.#waiting.splice(0)) look();
    });
    this.#socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.#socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  /** Connects and shakes hands; resolves with the master's welcome. */
  async join(
    identity: AgentMessageOf<'proof'>['identity'],
    proof: Partial<AgentMessageOf<'proof'>> = {},
  ): Promise<MasterMessageOf<'welcome'>> {
    await this.greet();
    this.send(this.proof(identity, proof));
    return await this.next('welcome');
  }

  async greet(): Promise<MasterMessageOf<'challenge'>> {
    if (this.#socket.readyState === WebSocket.CONNECTING) await once(this.#socket, 'open');
    this.send({
      type: 'hello',
      protocol: this.protocol,
      agentVersion: '0.1.0',
      capabilities: [],
      nonce: this.nonces.agent,
      publicKey: this.keys.publicKey,
    });
    const challenge = await this.next('challenge');
    this.nonces = { ...this.nonces, master: challenge.nonce };
    return challenge;
  }

  proof(
    identity: AgentMessageOf<'proof'>['identity'],
    overrides: Partial<AgentMessageOf<'proof'>> = {},
  ): AgentMessageOf<'proof'> {
    return {
      type: 'proof',
      signature: sign(this.keys, 'session-node', sessionText(this.nonces, overrides.recipient)),
      identity,
      facts: someFacts() as AgentMessageOf<'proof'>['facts'],
      generation: 0,
      clock: Date.now(),
      ...overrides,
    };
  }

  observe(of: {
    readonly complete: boolean;
    readonly instances?: readonly ObservedInstance[];
    readonly gone?: readonly string[];
    readonly generation?: number;
    readonly sequence?: number;
  }): void {
    this.sequence = of.sequence ?? this.sequence + 1;
    this.send({
      type: 'observation',
      sequence: this.sequence,
      complete: of.complete,
      generation: of.generation ?? 0,
      instances: (of.instances ?? []) as AgentMessageOf<'observation'>['instances'],
      gone: [...(of.gone ?? [])],
    });
  }

  send(message: AgentMessage): void {
    this.sendText(encode(message));
  }

  sendText(text: string | Buffer): void {
    this.#socket.send(text);
  }

  /** A piece of a message; the next one may be long in coming. */
  sendPart(text: string, isLast: boolean): void {
    this.#socket.send(text, { fin: isLast });
  }

  /** The next message of a type that was not taken yet. */
  async next<T extends MasterMessage['type']>(type: T): Promise<MasterMessageOf<T>> {
    for (;;) {
      const at = this.#received.findIndex((message) => message.type === type);
      const [found] = at === -1 ? [] : this.#received.splice(at, 1);
      if (found !== undefined) return found as MasterMessageOf<T>;
      const closed = await Promise.race([
        new Promise<null>((resolve) => {
          this.#waiting.push(() => resolve(null));
        }),
        this.closed,
      ]);
      if (closed !== null)
        throw new Error(`no ${type}: closed with ${closed.code} ${closed.reason}`);
    }
  }

  ping(data: string): void {
    this.#socket.ping(data);
  }

  /** Reads nothing any more and so answers nothing, as behind a connection that is half open. */
  freeze(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.terminate();
  }
}
