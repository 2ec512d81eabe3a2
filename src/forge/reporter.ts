import { errorMessage, GridError } from '../model/error.ts';
import { type Backoff, ceiling } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import { deliver, type Speaker } from './deliver.ts';
import { inactive, isOutlived, stateOf } from './deployment-life.ts';
import { RateLimited } from './forge.ts';
import {
  type CheckContent,
  checkMessage,
  commentMessage,
  deploymentMessage,
  type Message,
  type MessageKey,
  type Outbox,
  type QueuedMessage,
  statusMessage,
  type WantedCheck,
  type WantedComment,
  type WantedDeployment,
  type WantedStatus,
} from './outbox.ts';
import { Pace } from './pace.ts';

export interface ReporterOptions {
  readonly outbox: Outbox;
  readonly forge: Speaker;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** Requests at the same time. */
  readonly maxConcurrent?: number;
  /** Milliseconds between two messages of mere progress about one thing. */
  readonly progressInterval?: number;
  /** The forge refused for good; whatever is wanted later about the same thing is tried again. */
  readonly onGaveUp?: (message: Message, error: GridError) => void;
}

/** The one place that tells the forge anything. What is wanted is remembered, and said as soon as the forge takes it. */
export interface Reporter {
  /** False when exactly this was wanted already. */
  want(status: WantedStatus): Promise<boolean>;
  /** Whether a commit was, or is about to be, told something final under that context. */
  hasFinal(of: Pick<WantedStatus, 'repository' | 'sha' | 'context'>): Promise<boolean>;
  /** Makes the comment, or changes it; there is never a second one with this marker. False: exactly this was wanted already. */
  wantComment(comment: WantedComment): Promise<boolean>;
  /**
   * Makes it once for each deploy, and tells its states. With success, earlier ones of the environment that were successful
   * become inactive. False: exactly this was wanted already, or the forge shows no deploys.
   */
  wantDeployment(deployment: WantedDeployment): Promise<boolean>;
  /**
   * A run for each thing that is said, of which the forge shows the newest. `onlyAfter`: only where that commit has one of
   * that name already. False: exactly this was wanted already, or the forge has no check runs.
   */
  wantCheck(check: WantedCheck, of?: { readonly onlyAfter: boolean }): Promise<boolean>;
  /** Says once more what was said, as a new run; false: nothing was. */
  repeatCheck(of: Pick<WantedCheck, 'repository' | 'sha' | 'name'>): Promise<boolean>;
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
/** GitHub takes about 80 writes a minute, of which mere progress must not use up what final states need. */
const PACE = { most: 76, within: 60_000 } as const;
const PROGRESS_PACE = { most: 24, within: 60_000 } as const;
/** How far to look past progress that has to wait. */
const LOOK_PAST = 100;
const PROGRESS_INTERVAL = 3_000;
/** GitHub takes 1,000 statuses for a commit and context in all: the last ones are for what it came to. */
const MAX_PROGRESS = 900;
const BACKOFF: Backoff = { base: 1_000, cap: 5 * 60_000 };
/** After a fault of the outbox itself: without a pause, a status that cannot be noted as sent would be sent in a loop. */
const OUTBOX_PAUSE = 5_000;
/** What a forge may ask for is bounded by whoever understands its answers: two hours for GitHub. */
const LONGEST_PAUSE = 3 * 60 * 60_000;
/** What was given up this recently is tried once more at start: credentials are mended by restarting with new ones. */
const REVIVAL = 24 * 60 * 60_000;

/** How many writes it takes to say a message: a deployment, or a check run, is made before it has a state. */
function writesOf({ kind, remote }: QueuedMessage): number {
  const isMade = kind === 'status' || kind === 'comment' || remote !== null;
  return isMade ? 1 : 2;
}

/**
 * - One request a key at a time, and always of the newest version there is: an older state never follows a newer one.
 * - A row leaves the outbox only after the forge took or refused it; after a crash it is sent again.
 * - Never more of them than the pace allows, and of those few that are mere progress; what is overtaken while it waits is
 *   not sent.
 * - A rate limit pauses everything, any other fault only its own row, with growing delay and for ever.
 */
class Courier implements Reporter {
  readonly #options: ReporterOptions;
  readonly #limit: number;
  readonly #flight: SingleFlight;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #pace = new Pace(PACE);
  readonly #progressPace = new Pace(PROGRESS_PACE);
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
    return await this.#want(statusMessage(status));
  }

  async hasFinal(of: Pick<WantedStatus, 'repository' | 'sha' | 'context'>): Promise<boolean> {
    const { repository, sha: subject, context: topic } = of;
    const known = await this.#options.outbox.find({ kind: 'status', repository, subject, topic });
    return known !== null && !known.isProgress;
  }

  async wantComment(comment: WantedComment): Promise<boolean> {
    return await this.#want(commentMessage(comment));
  }

  async wantDeployment(deployment: WantedDeployment): Promise<boolean> {
    const { forge, outbox } = this.#options;
    if (forge.deployments === null) return false;
    const wanted = deploymentMessage(deployment);
    const all = await outbox.ofTopic(wanted);
    const message = isOutlived(wanted, all) ? inactive(wanted) : wanted;
    // Told again after a restart, a deploy must not come back to life at the forge.
    if (all.some((each) => each.subject === message.subject && stateOf(each) === 'inactive'))
      return false;
    const isNews = await this.#want(message);
    if (isNews && stateOf(message) === 'success') await this.#retire(message.subject, all);
    return isNews;
  }

  async wantCheck(check: WantedCheck, { onlyAfter } = { onlyAfter: false }): Promise<boolean> {
    if (this.#options.forge.checks === null) return false;
    const known = await this.#options.outbox.find(checkMessage(check, 0));
    if (known === null && onlyAfter) return false;
    return await this.#want(checkMessage(check, roundOf(known)));
  }

  async repeatCheck(of: Pick<WantedCheck, 'repository' | 'sha' | 'name'>): Promise<boolean> {
    const { repository, sha: subject, name: topic } = of;
    const known = await this.#options.outbox.find({ kind: 'check', repository, subject, topic });
    if (known === null) return false;
    const { kind, isProgress } = known;
    const content = { ...(known.content as CheckContent), round: roundOf(known) + 1 };
    return await this.#want({ kind, repository, subject, topic, content, isProgress });
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

  async #want(message: Message): Promise<boolean> {
    const { outbox, clock, progressInterval = PROGRESS_INTERVAL } = this.#options;
    const when = { at: clock.now(), progressInterval, maxProgress: MAX_PROGRESS };
    const isNews = await outbox.want(message, when);
    if (isNews) this.#flight.wake();
    return isNews;
  }

  async #retire(but: string, all: readonly QueuedMessage[]): Promise<void> {
    for (const each of all) {
      if (each.subject >= but || stateOf(each) !== 'success') continue;
      await this.#want(inactive(each));
    }
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
    const isSlow = this.#progressPace.readyAt(now) > now;
    const rows = await outbox.due(now, this.#limit + busy.size + (isSlow ? LOOK_PAST : 0));
    let wakeAt = await outbox.nextDueAt(now);
    for (const row of rows.filter((each) => !busy.has(keyOf(each)))) {
      if (this.#underWay.size >= this.#limit || this.#stopped) return;
      const readyAt = this.#readyAt(row, now);
      if (readyAt <= now) this.#begin(row);
      else wakeAt = Math.min(wakeAt ?? readyAt, readyAt);
    }
    if (wakeAt !== null) this.#wakeAt(wakeAt);
  }

  #readyAt({ isProgress }: QueuedMessage, now: number): number {
    const readyAt = this.#pace.readyAt(now);
    return isProgress ? Math.max(readyAt, this.#progressPace.readyAt(now)) : readyAt;
  }

  #begin(row: QueuedMessage): void {
    this.#pace.begin(writesOf(row));
    if (row.isProgress) this.#progressPace.begin();
    this.#track(keyOf(row), this.#paced(row));
  }

  async #paced(row: QueuedMessage): Promise<void> {
    try {
      await this.#deliver(row);
    } finally {
      const now = this.#options.clock.now();
      this.#pace.end(now, writesOf(row));
      if (row.isProgress) this.#progressPace.end(now);
    }
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

  async #deliver(row: QueuedMessage): Promise<void> {
    const { outbox, forge, clock } = this.#options;
    let remote: string | null;
    try {
      remote = await deliver(forge, row);
    } catch (error) {
      await this.#settle(row, error);
      return;
    }
    await outbox.sent(row, row.version, { at: clock.now(), remote });
  }

  async #settle(row: QueuedMessage, error: unknown): Promise<void> {
    const { outbox, clock, log, onGaveUp } = this.#options;
    const { kind, repository, subject, topic } = row;
    const about = { kind, repository, subject, topic };
    if (error instanceof GridError && error.retry === 'never') {
      log.warn({ ...about, error: error.message }, 'message to the forge given up');
      await outbox.gaveUp(row, row.version, error.message);
      onGaveUp?.(row, error);
      return;
    }
    const nextAttemptAt = clock.now() + this.#delay(row, error);
    if (error instanceof RateLimited)
      this.#pausedUntil = Math.max(this.#pausedUntil, nextAttemptAt);
    const reason = errorMessage(error);
    log.warn({ ...about, error: reason, nextAttemptAt }, 'message to the forge not sent yet');
    await outbox.failed(row, row.version, { error: reason, nextAttemptAt });
  }

  /** Between half and all of the bound: people wait for it, and all rows failed at the same moment. */
  #delay(row: QueuedMessage, error: unknown): number {
    if (error instanceof RateLimited) return error.retryAfter * 1_000;
    return Math.ceil(ceiling(BACKOFF, row.attempts) * (0.5 + this.#options.random() / 2));
  }

  #pauseAfter(error: unknown): void {
    const { clock, log } = this.#options;
    log.error({ error: errorMessage(error) }, 'the outbox failed');
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

function roundOf(known: Message | null): number {
  return (known?.content as CheckContent | undefined)?.round ?? 0;
}

function keyOf({ kind, repository, subject, topic }: MessageKey): string {
  return JSON.stringify([kind, repository, subject, topic]);
}
