/** Somebody wants the head to be run once more. */
export interface Rerun {
  /** Nodes whose failed instances must not wait for their backoff. */
  readonly nodes: ReadonlySet<string>;
  readonly actor: string;
}

export interface RerunOutcome {
  /** `false`: a deploy was under way, and is what `id` says. */
  readonly started: boolean;
  readonly id: string;
}

interface Asked {
  readonly rerun: Rerun;
  readonly resolve: (outcome: RerunOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests to run again, which wait for a pass to carry them out. */
export class Reruns {
  readonly #asked: Asked[] = [];

  /** Resolves when a pass has carried it out. */
  ask(rerun: Rerun): Promise<RerunOutcome> {
    return new Promise((resolve, reject) => this.#asked.push({ rerun, resolve, reject }));
  }

  /** Whoever asked hears of a failure, and so does the pass. */
  async carryOut(run: (rerun: Rerun) => Promise<RerunOutcome>): Promise<void> {
    for (const { rerun, resolve, reject } of this.#asked.splice(0)) {
      try {
        resolve(await run(rerun));
      } catch (error) {
        reject(error);
        throw error;
      }
    }
  }
}
