/**
 * Work that many ask for and that need not be done more often than it can have changed anything.
 *
 * - At most one run is active and one waits. Whoever asks during a run shares the next one: the active run may have
 *   looked already before they asked.
 * - Each caller's signal ends only their own waiting. A run is aborted when nobody waits for it any more.
 */
export class SharedRun<Result> {
  readonly #work: (signal: AbortSignal) => Promise<Result>;
  #active: Run<Result> | null = null;
  #next: Run<Result> | null = null;

  constructor(work: (signal: AbortSignal) => Promise<Result>) {
    this.#work = work;
  }

  async join(signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    if (this.#active === null) {
      this.#active = this.#start(Promise.resolve());
      return await waitFor(this.#active, signal);
    }
    this.#next ??= this.#start(this.#active.result.then(ignore, ignore));
    return await waitFor(this.#next, signal);
  }

  /** Aborts what runs and waits, and resolves when it has ended. */
  async stop(reason: Error): Promise<void> {
    this.#next?.controller.abort(reason);
    this.#active?.controller.abort(reason);
    while (this.#active !== null) await this.#active.result.then(ignore, ignore);
  }

  #start(earlier: Promise<void>): Run<Result> {
    const controller = new AbortController();
    const run: Run<Result> = {
      controller,
      waiting: 0,
      result: earlier.then(async () => {
        if (this.#next === run) this.#next = null;
        this.#active = run;
        try {
          controller.signal.throwIfAborted();
          return await this.#work(controller.signal);
        } finally {
          this.#active = this.#next;
        }
      }),
    };
    run.result.catch(ignore);
    return run;
  }
}

interface Run<Result> {
  readonly result: Promise<Result>;
  readonly controller: AbortController;
  waiting: number;
}

function ignore(): void {}

async function waitFor<Result>(run: Run<Result>, signal: AbortSignal): Promise<Result> {
  run.waiting += 1;
  let leave: () => void = ignore;
  const left = new Promise<never>((_resolve, reject) => {
    leave = () => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([run.result, left]);
  } finally {
    signal.removeEventListener('abort', leave);
    run.waiting -= 1;
    if (run.waiting === 0) run.controller.abort(new Error('nobody waits for it any more'));
  }
}
