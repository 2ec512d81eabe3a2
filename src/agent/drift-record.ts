import path from 'node:path';
import { errorMessage } from '../model/error.ts';
import type { Interference } from '../planner/interference.ts';
import type { Log } from '../runtime/log.ts';
import { readText, writePrivately } from '../runtime/private-file.ts';

/** What outlives the agent of one instance's drift. */
export interface DriftEntry {
  /** Of another spec it says nothing. */
  readonly specHash: string;
  readonly interference: Interference | null;
  /** What the engine made of the spec by itself: nobody's doing. */
  readonly innate: readonly string[];
}

/**
 * What somebody else did to this node's instances, in `drift.json` of the agent's directory. Without it an agent that is
 * started anew would start what a person has stopped and wants left so, and meet another program as if for the first time.
 * Nothing else hangs on it: a file that is lost or cannot be written costs no more than that.
 */
export class DriftRecord {
  readonly #save: (text: string) => Promise<void>;
  readonly #log: Log;
  readonly #entries: Map<string, DriftEntry>;
  #writing: Promise<void> = Promise.resolve();
  #isBehind = false;

  constructor(of: {
    readonly text: string | null;
    readonly save: (text: string) => Promise<void>;
    readonly log: Log;
  }) {
    this.#save = of.save;
    this.#log = of.log;
    this.#entries = new Map(entriesOf(of.text, of.log));
  }

  static async open(directory: string, log: Log): Promise<DriftRecord> {
    const file = path.join(directory, 'drift.json');
    const text = await readText(file);
    return new DriftRecord({ text, log, save: async (next) => await writePrivately(file, next) });
  }

  /** `null`: nothing is known of this spec. */
  get(instance: string, specHash: string): DriftEntry | null {
    const entry = this.#entries.get(instance);
    return entry?.specHash === specHash ? entry : null;
  }

  keep(instance: string, entry: DriftEntry): void {
    const isEmpty = entry.interference === null && entry.innate.length === 0;
    if (isEmpty && !this.#entries.delete(instance)) return;
    if (!isEmpty) this.#entries.set(instance, entry);
    this.#write();
  }

  /** Forgets every other instance. */
  retain(instances: ReadonlySet<string>): void {
    const gone = [...this.#entries.keys()].filter((instance) => !instances.has(instance));
    for (const instance of gone) this.#entries.delete(instance);
    if (gone.length > 0) this.#write();
  }

  /** Resolves when what is known is written, or could not be. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** One write at a time; what changes meanwhile goes with the next. */
  #write(): void {
    if (this.#isBehind) return;
    this.#isBehind = true;
    this.#writing = this.#after(this.#writing);
  }

  async #after(before: Promise<void>): Promise<void> {
    await before;
    this.#isBehind = false;
    try {
      await this.#save(JSON.stringify(Object.fromEntries(this.#entries)));
    } catch (error) {
      this.#log.warn({ error: errorMessage(error) }, 'cannot write down what others did');
    }
  }
}

function entriesOf(text: string | null, log: Log): readonly [string, DriftEntry][] {
  if (text === null) return [];
  try {
    return Object.entries(JSON.parse(text) as Record<string, DriftEntry>);
  } catch (error) {
    log.warn({ error: errorMessage(error) }, 'drift.json is damaged, and is begun anew');
    return [];
  }
}
