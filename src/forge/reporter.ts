import { errorMessage, GridError } from '../model/error.ts';
import { type Backoff, ceiling } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import { type Forge, RateLimited } from './forge.ts';
import type { QueuedStatus, StatusOutbox, WantedStatus } from './status-outbox.ts';

export interface ReporterOptions {
  readonly outbox: StatusOutbox;
  readonly forge: Pick<Forge, 'createCommitStatus'>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** Requests at the same time. */
  readonly maxConcurrent?: number;
  /** Milliseconds between two pending states of one commit and context. */
  readonly progressInterval?: number;
  /** The forge refused for good; a later state of the same commit is tried again. */
  readonly onGaveUp?: (status: WantedStatus, error: GridError) => void;
}

/** The one place that tells the forge what happened to a commit. */
export interface Reporter {
  /** Remembers it and returns; false when exactly this was wanted already. */
  want(status: WantedStatus): Promise<boolean>;
  /** Resolves when nothing is under way and all that is left waits for a later time. */
  idle(): Promise<void>;
  /** Lets what is under way end, starts nothing more. What is left stays in the outbox. */
  stop(): Promise<void>;
}

/** Starts at once with whatever an earlier process left in the outbox. */
export function createReporter(options: ReporterOptions): Reporter {
  const courier = new Courier(options);
  courier.start();
  return courier;
}

const MAX_CONCURRENT = 4;
/** GitHub takes about 80 writes a minute, and 1,000 statuses for a commit and context in all. */
const PROGRESS_INTERVAL = 3_000;
const BACKOFF: Backoff = { base: 1_000, cap: 5 * 60_000 };
/** After a fault of the outbox itself: without a pause, a status that cannot be noted as sent would be sent in a loop. */
const OUTBOX_PAUSE = 5_000;
/** What a forge may ask for is bounded by whoever understands its answers: two hours for GitHub. */
const LONGEST_PAUSE = 3 * 60 * 60_000;
/** What was given up this recently is tried once more at start: credentials are mended by restarting with new ones. */
const REVIVAL = 24 * 60 * 60_000;

/**
 * - One request a key at a time, and always of the newest version there is: an older state never follows a newer one.
 * - A row leaves the outbox only after the forge took or refused it; after a crash it is sent again.
 * - A rate limit pauses everything, any other fault only its own row, with growing delay and for ever.
 */
class Courier implements Reporter {
  readonly #options: ReporterOptions;
  readonly #limit: number;
  readonly #flight: SingleFlight;
  readonly #underWay = new Map<string, Promise<void>>();
  #alarm = new AbortController();
  #pausedUntil = 0;
  #stopped = false;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#limit = options.maxConcurrent ?? MAX_CONCURRENT;
    this.#flight = new SingleFlight(
      async () => await this.#fill(),
      (error) => this.#pauseAfter(error),
    );
  }

  start(): void {
    const { outbox, clock } = this.#options;
    // Held as a request of its own, so that `idle` and `stop` wait for it.
    this.#track('revive', outbox.revive(clock.now() - REVIVAL));
  }

  async want(status: WantedStatus): Promise<boolean> {
    const { outbox, clock, progressInterval = PROGRESS_INTERVAL } = this.#options;
    const isNews = await outbox.want(status, { at: clock.now(), progressInterval });
    if (isNews) this.#flight.wake();
    return isNews;
  }

  async idle(): Promise<void> {
    await this.#flight.idle();
    while (this.#underWay.size > 0) {
      await Promise.race(this.#underWay.values());
      await this.#flight.idle();
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#alarm.abort();
    await this.#flight.stop();
    await this.idle();
  }

  /** Starts as many requests as there is room for, then sets the alarm for the next row that is not due yet. */
  async #fill(): Promise<void> {
    const { outbox, clock } = this.#options;
    const now = clock.now();
    // A longer pause is none that anybody asked for: the clock has been set back meanwhile.
    if (this.#pausedUntil - now > LONGEST_PAUSE) this.#pausedUntil = now;
    if (now < this.#pausedUntil) return this.#wakeAt(this.#pausedUntil);

    // A row whose request ends while the outbox is being read is stale here; the end of its request wakes us again.
    const busy = new Set(this.#underWay.keys());
    const rows = await outbox.due(now, this.#limit + busy.size);
    for (const row of rows.filter((each) => !busy.has(keyOf(each)))) {
      if (this.#underWay.size >= this.#limit || this.#stopped) return;
      this.#track(keyOf(row), this.#deliver(row));
    }
    const next = await outbox.nextDueAt(now);
    if (next !== null) this.#wakeAt(next);
  }

  #track(key: string, work: Promise<void>): void {
    const tracked = this.#tracked(key, work);
    this.#underWay.set(key, tracked);
  }

  async #tracked(key: string, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#pauseAfter(error);
    }
    this.#underWay.delete(key);
    this.#flight.wake();
  }

  async #deliver(row: QueuedStatus): Promise<void> {
    const { outbox, forge, clock } = this.#options;
    const [owner = '', name = ''] = row.repository.split('/');
    try {
      await forge.createCommitStatus({ owner, name }, row.sha, row);
    } catch (error) {
      await this.#settle(row, error);
      return;
    }
    await outbox.sent(row, row.version, clock.now());
  }

  async #settle(row: QueuedStatus, error: unknown): Promise<void> {
    const { outbox, clock, log, onGaveUp } = this.#options;
    const { repository, sha, context } = row;
    if (error instanceof GridError && error.retry === 'never') {
      log.warn({ repository, sha, context, error: error.message }, 'commit status given up');
      await outbox.gaveUp(row, row.version, error.message);
      onGaveUp?.(row, error);
      return;
    }
    const nextAttemptAt = clock.now() + this.#delay(row, error);
    if (error instanceof RateLimited)
      this.#pausedUntil = Math.max(this.#pausedUntil, nextAttemptAt);
    const reason = errorMessage(error);
    log.warn(
      { repository, sha, context, error: reason, nextAttemptAt },
      'commit status not sent yet',
    );
    await outbox.failed(row, row.version, { error: reason, nextAttemptAt });
  }

  /** Between half and all of the bound: people wait for it, and all rows failed at the same moment. */
  #delay(row: QueuedStatus, error: unknown): number {
    if (error instanceof RateLimited) return error.retryAfter * 1_000;
    return Math.ceil(ceiling(BACKOFF, row.attempts) * (0.5 + this.#options.random() / 2));
  }

  #pauseAfter(error: unknown): void {
    const { clock, log } = this.#options;
    log.error({ error: errorMessage(error) }, 'the outbox of commit statuses failed');
    this.#pausedUntil = Math.max(this.#pausedUntil, clock.now() + OUTBOX_PAUSE);
    this.#wakeAt(this.#pausedUntil);
  }

  #wakeAt(at: number): void {
    if (this.#stopped) return;
    this.#alarm.abort();
    this.#alarm = new AbortController();
    const { clock } = this.#options;
    void this.#ring(Math.max(0, at - clock.now()), this.#alarm.signal);
  }

  async #ring(delay: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.clock.sleep(delay, signal);
    } catch {
      return;
    }
    this.#flight.wake();
  }
}

function keyOf({ repository, sha, context }: QueuedStatus): string {
  return JSON.stringify([repository, sha, context]);
}
