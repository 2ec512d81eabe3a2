import { setTimeout as delay } from 'node:timers/promises';
import { ask } from './web-load.ts';

const PAUSE_MS = 50;
const PAUSE_AFTER_FAILURE_MS = 300;

/** Writes numbered entries into the stateful service, one after the other and none twice, and remembers what it was told. */
export class JournalLoad {
  readonly #url: string;
  readonly #over = new AbortController();
  readonly #loop: Promise<void>;
  readonly #acknowledged = new Set<string>();
  #written = 0;

  constructor(url: string) {
    this.#url = url;
    this.#loop = this.#write();
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#loop;
  }

  /** What is wrong with what the service remembers; nothing where it has kept all that it had acknowledged. */
  async faults(): Promise<readonly string[]> {
    const text = await ask(`${this.#url}/cgi-bin/read`);
    if (text === null) return ['the journal cannot be read'];
    const entries = text.split('\n').filter((line) => line !== '');
    const present = new Set(entries);
    const lost = [...this.#acknowledged].filter((entry) => !present.has(entry));
    const strange = entries.filter((entry) => !(Number(entry) <= this.#written));
    return [
      ...(lost.length === 0
        ? []
        : [`${lost.length} acknowledged entries are lost: ${lost.join(', ')}`]),
      ...(present.size === entries.length ? [] : ['entries are in the journal twice']),
      ...(strange.length === 0 ? [] : [`entries that nobody wrote: ${strange.join(', ')}`]),
    ];
  }

  async #write(): Promise<void> {
    while (!this.#over.signal.aborted) {
      this.#written += 1;
      const entry = `${this.#written}`;
      const answer = await ask(`${this.#url}/cgi-bin/add?${entry}`);
      if (answer === entry) this.#acknowledged.add(entry);
      await delay(answer === entry ? PAUSE_MS : PAUSE_AFTER_FAILURE_MS);
    }
  }
}
