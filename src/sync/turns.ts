/** One at a time, in the order of asking. A turn that fails does not keep the next one out. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** A caller whose signal is aborted while it waits gets no turn. */
  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      signal.throwIfAborted();
      return await work();
    });
    this.#last = turn.catch(() => undefined);
    return await turn;
  }

  /** Resolves when everything that was asked for so far is over. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
