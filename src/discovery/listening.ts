import { errorMessage } from '../model/error.ts';
import { ceiling } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';

/** Opens sockets and returns how they are closed. `failed` is called when one breaks later. */
export type Open = (failed: (error: unknown) => void) => Promise<() => Promise<void>>;

export interface ListeningOptions {
  /** For the log. */
  readonly what: string;
  readonly open: Open;
  readonly clock: Clock;
  readonly log: Log;
}

/** The bridge, whose address it is, may come after us, and somebody else may hold the port. */
const RETRY = { base: 100, cap: 2_000 };

/** Keeps something listening: waits for its address, and comes back when it was lost. */
export class Listening {
  readonly #options: ListeningOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;
  #fault: string | null = null;
  #isOpen = false;

  constructor(options: ListeningOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Why it does not listen; `null` where it does, or has not tried. */
  get fault(): string | null {
    return this.#fault;
  }

  start(): void {
    this.#running ??= this.#run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'));
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      if (await this.#live(signal)) attempt = 0;
      // Rejected when stopped, which ends the loop.
      await this.#options.clock.sleep(ceiling(RETRY, attempt), signal).catch(() => undefined);
    }
  }

  /** From opening to the end, whatever ends it; whether it was open at all. */
  async #live(signal: AbortSignal): Promise<boolean> {
    const { open, log, what } = this.#options;
    const ended = new AbortController();
    const end = (): void => ended.abort();
    signal.addEventListener('abort', end, { once: true });
    try {
      const close = await open((error) => {
        this.#complain(error);
        end();
      });
      this.#isOpen = true;
      this.#fault = null;
      log.info({}, `${what}: listening`);
      await untilAborted(ended.signal);
      this.#isOpen = false;
      await close();
      return true;
    } catch (error) {
      this.#complain(error);
      return false;
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  /** Once for each reason: it is tried many times while the bridge is being made. */
  #complain(error: unknown): void {
    const { log, what } = this.#options;
    const fault = errorMessage(error);
    if (fault !== this.#fault) log.warn({ error: fault }, `${what}: not listening`);
    this.#fault = fault;
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
