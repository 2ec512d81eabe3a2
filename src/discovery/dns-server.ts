import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { errorMessage } from '../model/error.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { Listening } from './listening.ts';
import type { Responder, Sender } from './responder.ts';
import { FrameReader, frame } from './tcp-frame.ts';

export interface DnsServerOptions {
  readonly address: string;
  readonly port: number;
  readonly responder: Pick<Responder, 'respond'>;
  readonly clock: Clock;
  readonly log: Log;
}

const MOST_CONNECTIONS = 256;
/** Milliseconds without a byte. */
const IDLE = 5_000;
/** Queries of one connection that are answered at one moment; more are read when those are done. */
const MOST_AT_ONCE = 32;
const LONGEST_QUERY = 4_096;
/** Bytes of answers that one connection leaves lying. */
const MOST_UNREAD = 1_048_576;

/** DNS by UDP and TCP at one address. */
export class DnsServer {
  readonly #options: DnsServerOptions;
  readonly #listening: Listening;

  constructor(options: DnsServerOptions) {
    const { address, port, clock, log } = options;
    this.#options = options;
    this.#listening = new Listening({
      what: `names at ${address}:${port}`,
      open: (failed) => this.#open(failed),
      clock,
      log,
    });
  }

  get isListening(): boolean {
    return this.#listening.isOpen;
  }

  get fault(): string | null {
    return this.#listening.fault;
  }

  start(): void {
    this.#listening.start();
  }

  async stop(): Promise<void> {
    await this.#listening.stop();
  }

  async #open(failed: (error: unknown) => void): Promise<() => Promise<void>> {
    const closeUdp = await this.#openUdp(failed);
    try {
      const closeTcp = await this.#openTcp(failed);
      return async () => {
        await closeUdp();
        await closeTcp();
      };
    } catch (error) {
      await closeUdp();
      throw error;
    }
  }

  async #openUdp(failed: (error: unknown) => void): Promise<() => Promise<void>> {
    const { address, port } = this.#options;
    const closed = new AbortController();
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => socket.close(() => reject(error)));
      socket.bind({ address, port, exclusive: true }, resolve);
    });
    socket.removeAllListeners('error').on('error', failed);
    socket.on('message', (query, { address: from, port: to }) => {
      const sender = { address: from, transport: 'udp', signal: closed.signal } as const;
      void this.#answerUdp(socket, query, { sender, to });
    });
    return () =>
      new Promise((resolve) => {
        closed.abort(new Error('stopped'));
        socket.close(() => resolve());
      });
  }

  async #answerUdp(
    socket: UdpSocket,
    query: Buffer,
    { sender, to }: { readonly sender: Sender; readonly to: number },
  ): Promise<void> {
    const reply = await this.#respond(query, sender);
    // The asker may be gone, which is nobody's fault.
    if (reply !== null && !sender.signal.aborted)
      socket.send(reply, to, sender.address, () => undefined);
  }

  async #openTcp(failed: (error: unknown) => void): Promise<() => Promise<void>> {
    const { address, port } = this.#options;
    const open = new Set<Socket>();
    const server = createServer((socket) => {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      this.#serveTcp(socket);
    });
    server.maxConnections = MOST_CONNECTIONS;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address, port, exclusive: true }, resolve);
    });
    server.removeAllListeners('error').on('error', failed);
    return () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      });
  }

  #serveTcp(socket: Socket): void {
    const reader = new FrameReader();
    const gone = new AbortController();
    let open = 0;
    const serve = async (query: Buffer): Promise<void> => {
      const { remoteAddress: address = '' } = socket;
      open += 1;
      const reply = await this.#respond(query, { address, transport: 'tcp', signal: gone.signal });
      open -= 1;
      if (reply === null || socket.writableLength > MOST_UNREAD) socket.destroy();
      else if (!socket.destroyed) socket.write(frame(reply));
      if (open < MOST_AT_ONCE) socket.resume();
    };
    socket.setTimeout(IDLE, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => gone.abort(new Error('the asker has gone')));
    socket.on('data', (bytes: Buffer) => {
      for (const query of reader.read(bytes)) void serve(query);
      if (reader.pending > LONGEST_QUERY) socket.destroy();
      else if (open >= MOST_AT_ONCE) socket.pause();
    });
  }

  /** A fault of ours is one query without an answer. */
  async #respond(query: Buffer, sender: Sender): Promise<Buffer | null> {
    try {
      return await this.#options.responder.respond(query, sender);
    } catch (error) {
      this.#options.log.error({ error: errorMessage(error) }, 'a query was not answered');
      return null;
    }
  }
}
