import { Agent } from 'node:http';
import { errorMessage } from '../model/error.ts';
import type { Subnet } from '../model/subnet.ts';
import { ceiling } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { bounds, readReply, requestPath, type ZoneReply } from './exchange-message.ts';
import { getText } from './get-text.ts';
import type { Position } from './publication.ts';
import { ENDED, HEARTBEAT, SILENCE } from './times.ts';

export interface PeerPollOptions {
  readonly grid: string;
  readonly peer: {
    readonly number: number;
    readonly name: string;
    readonly address: string;
    readonly pools: readonly Subnet[];
  };
  readonly port: number;
  /** Our own address. */
  readonly from: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** How many peers are silent: the more there are, the more slowly each is tried. */
  readonly silent: () => number;
  /** Takes what the peer said into the zone; asking on tells the peer that everybody here goes by it. */
  readonly heard: (reply: ZoneReply) => Promise<void>;
  /** After what it said is taken, where it said something; also called when it never spoke. */
  readonly changed: (state: PeerState) => void;
}

/** `unheard`: not yet, and not for long. */
export type PeerState = 'unheard' | 'heard' | 'silent';

/** A connection that takes longer was begun while the network was cut, and is begun anew; a slow one gets its chance, too. */
const ATTEMPT = { usual: 800, long: 3_000, longEvery: 4 } as const;
/** A peer that we hear waits for news for a heartbeat. */
const PATIENCE = 2 * HEARTBEAT;
/** From the connection to the answer, and from its first to its last byte: both sides may be slow. */
const ANSWER_LIMIT = 5_000;
/** An attempt that is younger may still succeed. */
const YOUNG = 150;
const RETRY = { base: 50, cap: 500 };
/** Milliseconds added to a pause for each silent peer. */
const CROWD = 4;

/** Follows what one peer says of its names, for as long as we know of the peer. */
export class PeerPoll {
  readonly #options: PeerPollOptions;
  readonly #stopping = new AbortController();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #running: Promise<void>;
  #state: PeerState = 'unheard';
  #applying: Promise<void> = Promise.resolve();
  #position: Position | null = null;
  #seen = 0;
  #hears: readonly number[] = [];
  #heardAt: number;
  #wasHeard = false;
  #failures = 0;
  /** Until then a knock ends nothing: an attempt has to come to its own end between two that are cut short. */
  #immuneUntil = 0;
  #fault: string | null = null;
  #hurry: (() => void) | null = null;

  /** Starts at once. */
  constructor(options: PeerPollOptions) {
    this.#options = options;
    this.#heardAt = options.clock.now();
    this.#running = this.#run(this.#stopping.signal);
  }

  get state(): PeerState {
    return this.#state;
  }

  /** Peers that it hears; empty where it is not heard itself. */
  get hears(): readonly number[] {
    return this.#state === 'heard' ? this.#hears : [];
  }

  /** Milliseconds since its last answer; `null`: there was none. */
  get age(): number | null {
    return this.#wasHeard ? this.#options.clock.now() - this.#heardAt : null;
  }

  get fault(): string | null {
    return this.#fault;
  }

  /** It asked us, so it can be reached: no more waiting. */
  knock(): void {
    if (this.#state === 'heard' || this.#options.clock.now() < this.#immuneUntil) return;
    this.#immuneUntil = Number.POSITIVE_INFINITY;
    this.#failures = 0;
    this.#hurry?.();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'));
    await this.#running;
    this.#agent.destroy();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isImmune = this.#immuneUntil === Number.POSITIVE_INFINITY;
      if (!isImmune) this.#immuneUntil = this.#options.clock.now() + YOUNG;
      const isAnswered = await this.#ask(signal);
      // Not before: a peer that waits until nobody uses a container any more would stop it too early.
      await this.#applying;
      if (isImmune || isAnswered) this.#immuneUntil = 0;
      if (signal.aborted) return;
      this.#failures = isAnswered ? 0 : this.#failures + 1;
      if (!isAnswered) this.#judge();
      if (!isAnswered) await this.#pause(signal);
    }
  }

  async #ask(signal: AbortSignal): Promise<boolean> {
    const { peer, port, from, grid, log } = this.#options;
    const isHeard = this.#state === 'heard';
    const wait = isHeard ? HEARTBEAT : 0;
    const limit = this.#startLimit(isHeard ? this.#patience() : this.#attemptLimit(), signal);
    try {
      const text = await getText({
        host: peer.address,
        port,
        localAddress: from,
        path: requestPath({ since: this.#position, seen: this.#seen, wait }),
        agent: this.#agent,
        mostBytes: bounds.replyBytes,
        signal: limit.signal,
        onConnect: () => limit.restart(isHeard ? this.#patience() : ANSWER_LIMIT),
        onAnswer: () => limit.restart(ANSWER_LIMIT),
      });
      const read = readReply(text, { grid, node: peer.number, pools: peer.pools });
      if ('fault' in read) throw new Error(read.fault);
      if (read.doubtful > 0)
        log.warn({ peer: peer.name, records: read.doubtful }, 'a peer says what is not its to say');
      this.#take(read.reply);
      return true;
    } catch (error) {
      this.#complain(limit.reason() ?? error);
      return false;
    } finally {
      limit.end();
    }
  }

  #attemptLimit(): number {
    const isLong = this.#failures % ATTEMPT.longEvery === ATTEMPT.longEvery - 1;
    return isLong ? ATTEMPT.long : ATTEMPT.usual;
  }

  /** Until it counts as silent, but at least so long that an answer that is due can still come. */
  #patience(): number {
    const left = this.#heardAt + SILENCE - this.#options.clock.now();
    return Math.max(1, Math.min(PATIENCE, left));
  }

  #take(reply: ZoneReply): void {
    const { epoch, version, since } = reply;
    const fits = epoch === this.#position?.epoch && since === this.#position.version;
    if (since !== null && !fits) {
      this.#position = null;
      throw new Error('its answer is to another question');
    }
    this.#position = { epoch, version };
    this.#seen = reply.seen;
    this.#hears = reply.hears ?? this.#hears;
    this.#heardAt = this.#options.clock.now();
    this.#wasHeard = true;
    this.#fault = null;
    if (since === null || reply.records.length > 0 || reply.removed.length > 0)
      this.#applying = this.#options.heard(reply);
    this.#turn('heard');
  }

  #judge(): void {
    if (this.#options.clock.now() - this.#heardAt < SILENCE) return;
    // What is left of an earlier life of this poll is as old as that.
    this.#turn('silent');
  }

  #turn(state: PeerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.changed(state);
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, random, silent } = this.#options;
    const most = ceiling(RETRY, this.#failures - 1) + CROWD * silent();
    const woken = this.#cutShort(signal);
    await clock.sleep(Math.ceil(random() * most), woken.signal).catch(() => undefined);
    woken.end();
  }

  /** Aborted by a knock and by the end. */
  #cutShort(signal: AbortSignal): { readonly signal: AbortSignal; readonly end: () => void } {
    const over = new AbortController();
    const cut = (): void => over.abort(ENDED);
    signal.addEventListener('abort', cut, { once: true });
    this.#hurry = cut;
    return {
      signal: over.signal,
      end: () => {
        signal.removeEventListener('abort', cut);
        this.#hurry = null;
        cut();
      },
    };
  }

  /** A time limit that can be set anew. */
  #startLimit(milliseconds: number, signal: AbortSignal) {
    const { clock } = this.#options;
    const over = this.#cutShort(signal);
    const late = new AbortController();
    over.signal.addEventListener('abort', () => late.abort(over.signal.reason), { once: true });
    let running = new AbortController();
    const start = (time: number): void => {
      const own = running;
      clock.sleep(time, own.signal).then(
        () => late.abort(new Error('no answer in time')),
        () => undefined,
      );
    };
    start(milliseconds);
    return {
      signal: late.signal,
      reason: (): unknown => (late.signal.aborted ? late.signal.reason : null),
      restart: (time: number) => {
        running.abort(ENDED);
        running = new AbortController();
        start(time);
      },
      end: () => {
        running.abort(ENDED);
        over.end();
      },
    };
  }

  #complain(error: unknown): void {
    const { peer, log } = this.#options;
    const isNews = this.#fault === null;
    this.#fault = errorMessage(error);
    if (isNews && !this.#stopping.signal.aborted)
      log.debug({ peer: peer.name, error: this.#fault }, 'a peer does not answer');
  }
}
