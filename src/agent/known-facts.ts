import path from 'node:path';
import type { NodeFacts } from '../model/observed.ts';
import { decodeNodeFacts } from '../protocol/codec.ts';
import { readText, writePrivately } from '../runtime/private-file.ts';

export interface KnownFactsOptions {
  readonly directory: string;
  /** Rejects while the engine does not answer. */
  readonly ask: () => Promise<NodeFacts>;
  /** Whether the engine is known not to answer. */
  readonly isSilent: () => boolean;
}

/**
 * What this node is. While its engine is silent, what it was: a node has to be able to say that its engine is. It is on disk
 * because the agent may have been started again meanwhile.
 */
export class KnownFacts {
  readonly #options: KnownFactsOptions;
  #known: NodeFacts | null;
  /** What the last session was told. */
  #told: string | null = null;

  private constructor(options: KnownFactsOptions, known: NodeFacts | null) {
    this.#options = options;
    this.#known = known;
  }

  static async open(options: KnownFactsOptions): Promise<KnownFacts> {
    return new KnownFacts(options, await read(options.directory));
  }

  /** For a session that begins. Rejects as `ask` does where nothing is known. */
  async current(): Promise<NodeFacts> {
    const facts = await this.#facts();
    this.#told = JSON.stringify(facts);
    return facts;
  }

  /** Whether they are other ones than the last session was told. */
  async haveChanged(): Promise<boolean> {
    const facts = await this.#ask();
    return this.#told !== null && JSON.stringify(facts) !== this.#told;
  }

  async #facts(): Promise<NodeFacts> {
    if (this.#known !== null && this.#options.isSilent()) return this.#known;
    try {
      return await this.#ask();
    } catch (error) {
      if (this.#known !== null && this.#options.isSilent()) return this.#known;
      throw error;
    }
  }

  async #ask(): Promise<NodeFacts> {
    const facts = await this.#options.ask();
    const text = JSON.stringify(facts);
    if (text !== JSON.stringify(this.#known)) await keep(this.#options.directory, text);
    this.#known = facts;
    return facts;
  }
}

const FILE = 'facts.json';

/** What cannot be read is asked for again. */
async function read(directory: string): Promise<NodeFacts | null> {
  try {
    const text = await readText(path.join(directory, FILE));
    return text === null ? null : decodeNodeFacts(text);
  } catch {
    return null;
  }
}

/** A full disk is no reason not to connect. */
async function keep(directory: string, text: string): Promise<void> {
  await writePrivately(path.join(directory, FILE), text).catch(() => undefined);
}
