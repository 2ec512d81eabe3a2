import { digest } from '../model/digest.ts';
import type { NetworkMap } from '../model/network.ts';
import type { Clock } from '../runtime/clock.ts';

/** An agent that was asked for its map sends it at once; one that does not must not hold up the others. */
const ANSWER_MILLISECONDS = 5_000;

/** The network maps of one grid that nodes have and this master does not know: who was asked for theirs, and what they brought. */
export class MapRecalls {
  readonly #clock: Clock;
  readonly #onAnswer: () => void;
  readonly #stopping = new AbortController();
  readonly #asked = new Map<string, AbortController>();
  /** By digest: all nodes of a grid bring the same one, as a rule. */
  readonly #brought = new Map<string, NetworkMap>();

  /** `onAnswer`: there is one less to wait for. */
  constructor(clock: Clock, onAnswer: () => void) {
    this.#clock = clock;
    this.#onAnswer = onAnswer;
  }

  /** A node was asked and has not answered yet. */
  get isWaiting(): boolean {
    return this.#asked.size > 0;
  }

  /** What was brought and is not considered yet. */
  get brought(): readonly NetworkMap[] {
    return [...this.#brought.values()];
  }

  ask(node: string): void {
    const question = new AbortController();
    this.#asked.get(node)?.abort();
    this.#asked.set(node, question);
    void this.#limit(node, question.signal);
  }

  /** False: this node was not asked. */
  answer(node: string, map: NetworkMap): boolean {
    if (!this.#asked.has(node)) return false;
    const key = digest(map);
    if (!this.#brought.has(key)) this.#brought.set(key, map);
    this.giveUp(node);
    return true;
  }

  giveUp(node: string): void {
    const question = this.#asked.get(node);
    if (question === undefined) return;
    this.#asked.delete(node);
    question.abort();
    this.#onAnswer();
  }

  considered(maps: readonly NetworkMap[]): void {
    for (const [key, map] of this.#brought) if (maps.includes(map)) this.#brought.delete(key);
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #limit(node: string, answered: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([answered, this.#stopping.signal]);
    await this.#clock.sleep(ANSWER_MILLISECONDS, signal).catch(() => undefined);
    if (!signal.aborted) this.giveUp(node);
  }
}
