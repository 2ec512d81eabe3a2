import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIP } from 'node:net';
import { errorMessage } from '../model/error.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { canonical } from './names.ts';
import { CODE, readQuestion } from './packet.ts';
import { FrameReader, frame } from './tcp-frame.ts';

export type Transport = 'udp' | 'tcp';

export interface UpstreamOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Tests have servers on another one. */
  readonly port?: number;
}

/** What one server is given. */
const LIMIT = 2_000;
/** After that the next one is asked as well: containers give up after a second (`timeout:1`). */
const PATIENCE = 400;
/** How long a server that did not answer stands behind the others. */
const DISTRUST = 30_000;
const MOST_SERVERS = 4;
const MOST_DISTRUSTED = 1_000;

/** Asks other name servers. The query is passed on as it is, with a number and a port that nobody can guess. */
export class Upstream {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #port: number;
  readonly #failedAt = new Map<string, number>();

  constructor({ clock, log, port = 53 }: UpstreamOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#port = port;
  }

  /** The first useful answer, with the query's own number; `null` as soon as no server is left that could give one. */
  async ask(
    query: Buffer,
    servers: readonly string[],
    { transport, signal }: { readonly transport: Transport; readonly signal: AbortSignal },
  ): Promise<Buffer | null> {
    const ended = new AbortController();
    const end = (): void => ended.abort(new Error('no longer needed'));
    signal.addEventListener('abort', end, { once: true });
    const attempts = this.#inOrder(servers).map(
      (server) => () => this.#askOne(query, { server, transport, signal: ended.signal }),
    );
    try {
      const answer = await firstAnswer(attempts, () => this.#clock.sleep(PATIENCE, ended.signal));
      answer?.writeUInt16BE(query.readUInt16BE(0), 0);
      return answer;
    } finally {
      signal.removeEventListener('abort', end);
      end();
    }
  }

  #inOrder(servers: readonly string[]): readonly string[] {
    const now = this.#clock.now();
    const isDistrusted = (server: string) =>
      now - (this.#failedAt.get(server) ?? Number.NEGATIVE_INFINITY) < DISTRUST;
    const trusted = servers.filter((server) => !isDistrusted(server));
    return [...trusted, ...servers.filter(isDistrusted)].slice(0, MOST_SERVERS);
  }

  async #askOne(
    query: Buffer,
    { server, transport, signal }: { server: string; transport: Transport; signal: AbortSignal },
  ): Promise<Buffer | null> {
    const own = Buffer.from(query);
    own.writeUInt16BE(randomInt(65_536), 0);
    const limit = new AbortController();
    void this.#clock.sleep(LIMIT, signal).then(
      () => limit.abort(new Error(`no answer within ${LIMIT} ms`)),
      () => limit.abort(signal.reason),
    );
    const at = { query: own, server, port: this.#port, signal: limit.signal };
    try {
      const answer = await (transport === 'udp' ? askByUdp(at) : askByTcp(at));
      this.#failedAt.delete(server);
      return isUseful(answer) ? answer : null;
    } catch (error) {
      if (!signal.aborted) this.#distrust(server, error);
      return null;
    }
  }

  #distrust(server: string, error: unknown): void {
    const isNews = !this.#failedAt.has(server);
    if (this.#failedAt.size >= MOST_DISTRUSTED) this.#failedAt.clear();
    this.#failedAt.set(server, this.#clock.now());
    if (isNews) this.#log.warn({ server, error: errorMessage(error) }, 'a name server fails');
  }
}

/** Starts the next attempt when one has failed or taken too long; the first answer wins. */
function firstAnswer(
  attempts: readonly (() => Promise<Buffer | null>)[],
  pause: () => Promise<void>,
): Promise<Buffer | null> {
  return new Promise((resolve) => {
    let started = 0;
    let open = 0;
    const startNext = (after: number): void => {
      if (started !== after) return;
      const attempt = attempts[started];
      if (attempt === undefined) return;
      started += 1;
      const own = started;
      open += 1;
      pause().then(
        () => startNext(own),
        () => undefined,
      );
      void attempt().then((answer) => {
        open -= 1;
        if (answer === null) startNext(own);
        if (answer !== null || open === 0) resolve(answer);
        return undefined;
      });
    };
    startNext(0);
    if (open === 0) resolve(null);
  });
}

interface Asking {
  readonly query: Buffer;
  readonly server: string;
  readonly port: number;
  readonly signal: AbortSignal;
}

/** A socket of its own for each: the system chooses its port, and lets nothing in but from that server. */
function askByUdp({ query, server, port, signal }: Asking): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIP(server.split('%')[0] ?? '') === 6 ? 'udp6' : 'udp4');
    const end = once(() => socket.close());
    const fail = (error: unknown): void => end(() => reject(error));
    socket.on('error', fail);
    socket.on('message', (answer) => {
      if (isAnswerTo(query, answer)) end(() => resolve(answer));
    });
    socket.on('connect', () => socket.send(query));
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    if (signal.aborted) fail(signal.reason);
    else socket.connect(port, server);
  });
}

function askByTcp({ query, server, port, signal }: Asking): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server, port });
    const end = once(() => socket.destroy());
    const fail = (error: unknown): void => end(() => reject(error));
    const reader = new FrameReader();
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('it closed the connection')));
    socket.on('data', (bytes: Buffer) => {
      for (const answer of reader.read(bytes))
        if (isAnswerTo(query, answer)) end(() => resolve(answer));
    });
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    socket.write(frame(query));
    if (signal.aborted) fail(signal.reason);
  });
}

/** Closes and then tells, the first time only. */
function once(close: () => void): (tell: () => void) => void {
  let isOver = false;
  return (tell) => {
    if (isOver) return;
    isOver = true;
    close();
    tell();
  };
}

/** Anybody can send something that looks like an answer: number and question have to be those of the query. */
function isAnswerTo(query: Buffer, answer: Buffer): boolean {
  if (answer.length < 12 || answer.readUInt16BE(0) !== query.readUInt16BE(0)) return false;
  const flags = answer.readUInt16BE(2);
  if ((flags & 0x8000) === 0) return false;
  // Some servers refuse without saying what.
  if (answer.readUInt16BE(4) === 0) return (flags & 0xf) !== CODE.noError;
  const asked = readQuestion(query)?.question;
  const answered = readQuestion(answer)?.question;
  return (
    asked !== undefined &&
    answered !== undefined &&
    canonical(asked.name) === canonical(answered.name) &&
    asked.type === answered.type &&
    asked.class === answered.class
  );
}

/** A server that cannot or will not is no better than one that is not there: another one may know. */
function isUseful(answer: Buffer): boolean {
  const code = answer.readUInt16BE(2) & 0xf;
  return (
    code !== CODE.serverFailure &&
    code !== CODE.notImplemented &&
    code !== CODE.refused &&
    answer.readUInt16BE(4) === 1
  );
}
