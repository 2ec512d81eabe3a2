import type { Clock } from '../runtime/clock.ts';
import type { ZoneReply, ZoneRequest } from './exchange-message.ts';
import { Publication } from './publication.ts';
import type { LocalRecord } from './record.ts';
import { ENDED, HEARTBEAT, SILENCE } from './times.ts';

export interface PublisherOptions {
  readonly grid: string;
  /** Our number. */
  readonly node: number;
  readonly epoch: string;
  readonly clock: Clock;
}

/** Milliseconds in which news are gathered before those who wait are told. */
const GATHERING = 3;
/** A peer that has not asked for so long has withdrawn what it had of us: silent for it, plus one answer on its way. */
const FORGOTTEN = SILENCE + 2 * HEARTBEAT;
/** Between looks at whether a peer that is waited for has gone. */
const LOOK_AGAIN = 250;
/** Peers are at few different versions. */
const MOST_REPLIES = 16;

/** Our own records, for peers that ask: they wait here for news, and by asking on they tell what they have. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #publication: Publication;
  readonly #startedAt: number;
  readonly #askedAt = new Map<number, number>();
  readonly #applied = new Map<number, number>();
  /** Those who wait for news of ours, and those who wait for peers to ask. */
  readonly #waiting = new Set<() => void>();
  readonly #asking = new Set<() => void>();
  readonly #replies = new Map<string, string>();
  #hears: readonly number[] = [];
  #seen = 1;
  #isGathering = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#publication = new Publication(options.epoch);
    this.#startedAt = options.clock.now();
  }

  /** 0: nothing was published yet. */
  get version(): number {
    return this.#publication.version;
  }

  /** Returns the version that has these records. */
  publish(records: readonly LocalRecord[]): number {
    if (this.#publication.update(records)) this.#announce();
    return this.version;
  }

  /** Which peers we hear. */
  setHears(numbers: readonly number[]): void {
    this.#hears = numbers;
    this.#seen += 1;
    this.#announce();
  }

  /** At once where there are news for this peer, else when there are, or after a heartbeat without. */
  async answer(peer: number, request: ZoneRequest, signal: AbortSignal): Promise<string> {
    const { since, seen, wait } = request;
    const version = since?.epoch === this.#publication.epoch ? since.version : null;
    this.#askedAt.set(peer, this.#options.clock.now());
    this.#applied.set(peer, version ?? 0);
    this.#wake();
    const isUpToDate = version === this.version && seen === this.#seen;
    if (isUpToDate && wait > 0) await this.#news(Math.min(wait, HEARTBEAT), signal);
    // Versions and lists are counted anew by each run of an agent.
    return this.#reply(version, version !== null && seen === this.#seen);
  }

  /**
   * Resolves when every live peer of these has applied a version: true; or after `limit` milliseconds: false. A peer is
   * live that may still answer with older records of us, so also one that has not asked since we started just now.
   */
  async settled(
    version: number,
    { limit, peers }: { readonly limit: number; readonly peers: () => readonly number[] },
  ): Promise<boolean> {
    const { clock } = this.#options;
    const until = clock.now() + limit;
    for (;;) {
      if (!peers().some((peer) => this.#isBehind(peer, version))) return true;
      const left = until - clock.now();
      if (left <= 0) return false;
      await this.#asked(Math.min(left, LOOK_AGAIN));
    }
  }

  forget(peer: number): void {
    this.#askedAt.delete(peer);
    this.#applied.delete(peer);
  }

  #isBehind(peer: number, version: number): boolean {
    const askedAt = this.#askedAt.get(peer) ?? this.#startedAt;
    const isLive = this.#options.clock.now() - askedAt < FORGOTTEN;
    return isLive && (this.#applied.get(peer) ?? 0) < version;
  }

  #wake(): void {
    for (const wake of this.#asking) wake();
  }

  #asked(milliseconds: number): Promise<void> {
    return this.#until(this.#asking, milliseconds, null);
  }

  #news(milliseconds: number, signal: AbortSignal): Promise<void> {
    return this.#until(this.#waiting, milliseconds, signal);
  }

  /** Until one of those that wait there is woken, the time is over, or nobody waits any more. */
  async #until(
    waiting: Set<() => void>,
    milliseconds: number,
    signal: AbortSignal | null,
  ): Promise<void> {
    const over = new AbortController();
    const end = (): void => over.abort(ENDED);
    waiting.add(end);
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted === true) end();
    await this.#options.clock.sleep(milliseconds, over.signal).catch(() => undefined);
    signal?.removeEventListener('abort', end);
    waiting.delete(end);
  }

  #announce(): void {
    this.#replies.clear();
    if (this.#isGathering) return;
    this.#isGathering = true;
    void this.#options.clock.sleep(GATHERING).then(() => {
      this.#isGathering = false;
      for (const wake of this.#waiting) wake();
      return undefined;
    });
  }

  /** Those who have waited for the same news get the same text. */
  #reply(from: number | null, knowsHears: boolean): string {
    const key = `${from} ${knowsHears}`;
    const known = this.#replies.get(key);
    if (known !== undefined) return known;
    const { grid, node, epoch } = this.#options;
    const position = from === null ? null : { epoch, version: from };
    const change = this.#publication.since(position);
    // A grid's whole list in each heartbeat of each pair would be most of what an idle grid sends.
    const hears = knowsHears ? null : this.#hears;
    const reply: ZoneReply = { grid, node, epoch, ...change, hears, seen: this.#seen };
    const text = JSON.stringify(reply);
    if (this.#replies.size >= MOST_REPLIES) this.#replies.clear();
    this.#replies.set(key, text);
    return text;
  }
}
