import type { ContainerSnapshot } from '../model/container.ts';
import type { ErrorCode } from '../model/error.ts';
import type { Failure } from '../model/observed.ts';
import { type AttemptHistory, freshHistory, restartsInARow } from '../planner/attempt-history.ts';

export interface FailureFacts {
  readonly code: ErrorCode;
  readonly message: string;
  readonly exitCode?: number | null;
  readonly log?: readonly string[];
}

/**
 * What an agent remembers of one instance between two looks: how often and when it failed. Nothing of it is needed to be
 * right, only to be patient; so it is lost when the agent restarts.
 */
export class InstanceMemory {
  #history: AttemptHistory = freshHistory;
  #failure: Failure | null = null;
  #imageVanished = false;

  get history(): AttemptHistory {
    return this.#history;
  }

  /** The last failure at the wanted spec. It stays while the next attempt runs, so that nobody sees hope come and go. */
  get failure(): Failure | null {
    return this.#failure;
  }

  /** Something else is wanted, or the same once more: everything is tried at once again. Failures of another spec are forgotten. */
  reset(options: { readonly sameSpec: boolean }): void {
    this.#history = { ...freshHistory, givenUp: this.#history.givenUp };
    if (!options.sameSpec) this.#failure = null;
  }

  /**
   * The image that was there when it was pulled was gone when a container was made: somebody tidied up in between. The first
   * time says nothing about the spec; whether this is it.
   */
  imageVanished(): boolean {
    const isFirst = !this.#imageVanished;
    this.#imageVanished = true;
    return isFirst;
  }

  /** An attempt at the wanted spec failed; `container` is what is left of it and must go. */
  failed(facts: FailureFacts, container: string | null, now: number): Failure {
    const { failures, givenUp } = this.#history;
    this.#history = {
      ...this.#history,
      failures: failures + 1,
      failedAt: now,
      givenUp: container === null ? givenUp : [...givenUp, container],
    };
    return this.#keep(facts, (this.#failure?.count ?? 0) + 1);
  }

  /**
   * A container that had served exited. The first exit in a row is not a failure yet: somebody may have stopped it by hand,
   * and it is started again at once.
   */
  crashed(facts: FailureFacts, container: ContainerSnapshot): void {
    const count = restartsInARow(container, this.#history) + 1;
    if (count > 1) this.#keep(facts, count);
  }

  /** The engine refused to start a container again that had served. */
  restartRefused(facts: FailureFacts): void {
    this.#keep(facts, this.#history.restart?.count ?? 1);
  }

  /** It was brought to a halt by somebody else once too often. */
  stalled(message: string, count: number): void {
    this.#keep({ code: 'stalled', message }, count);
  }

  /** To be called before the engine is asked: a refused restart counts as well. */
  restarting(container: ContainerSnapshot, now: number): void {
    const count = restartsInARow(container, this.#history) + 1;
    this.#history = { ...this.#history, restart: { container: container.id, count, at: now } };
  }

  renameRefused(now: number): void {
    this.#history = { ...this.#history, renameRefusedAt: now };
  }

  /** A container of the wanted spec is ready. */
  succeeded(): void {
    this.#failure = null;
    this.#imageVanished = false;
    this.#history = { ...this.#history, failures: 0, failedAt: null };
  }

  /** Containers that are no longer there need not be remembered. */
  prune(present: ReadonlySet<string>): void {
    const givenUp = this.#history.givenUp.filter((id) => present.has(id));
    if (givenUp.length !== this.#history.givenUp.length)
      this.#history = { ...this.#history, givenUp };
  }

  #keep({ code, message, exitCode = null, log = [] }: FailureFacts, count: number): Failure {
    this.#failure = { code, message, exitCode, log, count };
    return this.#failure;
  }
}
