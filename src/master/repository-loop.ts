import { errorMessage, GridError } from '../model/error.ts';
import { type Backoff, ceiling } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import { StepBack } from './step-back.ts';

/** What the loop needs of a repository (sync/repository). */
export interface TrackedRepository {
  /** What was found last, by an earlier process, too. */
  readonly head: string | null;
  sync(signal: AbortSignal): Promise<{ readonly head: string; readonly moved: boolean }>;
  isAncestor(older: string, newer: string): Promise<boolean>;
}

/** What the last attempts to reach the repository gave. An error has an age; the last head stays live meanwhile. */
export interface RepositoryState {
  readonly head: string | null;
  readonly syncedAt: number | null;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
    readonly since: number;
    readonly attempts: number;
    readonly nextAttemptAt: number;
  } | null;
}

export interface RepositoryLoopOptions {
  readonly repository: TrackedRepository;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Milliseconds between polls; each is drawn from ±20 % around it so that many masters do not beat in step. */
  readonly pollInterval: number;
  /** The branch is at another commit than before, or can be read again. */
  readonly publish: (head: string) => Promise<void>;
  /** After every look that worked, also one that found nothing new. */
  readonly onLooked: (head: string, signal: AbortSignal) => Promise<void>;
  /** After every look that did not. */
  readonly onFailed: (error: unknown) => Promise<void>;
}

const RETRY: Backoff = { base: 1_000, cap: 300_000 };
const JITTER = 0.2;
/** Milliseconds until the next look at a branch that seems to have gone back. */
const LOOK_AGAIN = 3_000;

/**
 * Watches one branch of one repository: the only place that asks for its head. Woken by webhooks, by the file watcher and by
 * its own poll; all of them are hints, the ref decides (safety rule 6). Failing to look changes nothing (safety rule 1).
 */
export class RepositoryLoop {
  readonly #options: RepositoryLoopOptions;
  readonly #flight: SingleFlight;
  readonly #stepBack: StepBack;
  #state: RepositoryState = { head: null, syncedAt: null, error: null };
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(options: RepositoryLoopOptions) {
    this.#options = options;
    const { clock, repository } = options;
    const isAncestor = async (older: string, newer: string): Promise<boolean> =>
      await repository.isAncestor(older, newer);
    this.#stepBack = new StepBack({ clock, isAncestor });
    this.#flight = new SingleFlight(
      (signal) => this.#look(signal),
      (error) => options.log.error({ error: errorMessage(error) }, 'repository loop failed'),
    );
  }

  get state(): RepositoryState {
    return this.#state;
  }

  wake(): void {
    this.#flight.wake();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#flight.stop();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { repository, publish, onLooked } = this.#options;
    try {
      const known = this.#state.head ?? repository.head;
      const { head } = await repository.sync(signal);
      if (!(await this.#stepBack.isReal(head, known))) return this.#wakeIn(LOOK_AGAIN);
      if (head !== this.#state.head || this.#state.error !== null) await publish(head);
      this.#state = { head, syncedAt: this.#options.clock.now(), error: null };
      this.#wakeIn(this.#pollDelay());
      await onLooked(head, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#failed(error);
      await this.#options.onFailed(error);
    }
  }

  #failed(error: unknown): void {
    const now = this.#options.clock.now();
    const attempts = (this.#state.error?.attempts ?? 0) + 1;
    const delay = Math.max(ceiling(RETRY, attempts - 1), 0);
    this.#state = {
      ...this.#state,
      error: {
        code: error instanceof GridError ? error.code : 'internal',
        message: errorMessage(error),
        hint: error instanceof GridError ? (error.hint ?? null) : null,
        since: this.#state.error?.since ?? now,
        attempts,
        nextAttemptAt: now + delay,
      },
    };
    this.#options.log.warn(
      { error: errorMessage(error), attempts, retryIn: delay },
      'cannot read the repository; the last good revision stays live',
    );
    this.#wakeIn(delay);
  }

  #pollDelay(): number {
    const { pollInterval, random } = this.#options;
    return pollInterval * (1 - JITTER + 2 * JITTER * random());
  }

  #wakeIn(milliseconds: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => this.#flight.wake(), milliseconds);
  }
}
