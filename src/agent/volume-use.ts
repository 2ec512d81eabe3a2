import path from 'node:path';
import { errorMessage } from '../model/error.ts';
import type { Log } from '../runtime/log.ts';
import { readText, writePrivately } from '../runtime/private-file.ts';

interface Content {
  readonly used: readonly string[];
  /** Milliseconds since the epoch, by volume. */
  readonly unusedSince: Readonly<Record<string, number>>;
}

/** More than an engine with a thousand containers has; the oldest are forgotten first. */
const MOST = 10_000;

/**
 * Since when no container of this node has a volume, in `volumes.json` of the agent's directory: engines do not say. Only for
 * people who look for what can go; a file that is lost costs them the dates.
 */
export class VolumeUse {
  readonly #save: (text: string) => Promise<void>;
  readonly #log: Log;
  #used: ReadonlySet<string>;
  #since: ReadonlyMap<string, number>;

  constructor(of: {
    readonly text: string | null;
    readonly save: (text: string) => Promise<void>;
    readonly log: Log;
  }) {
    this.#save = of.save;
    this.#log = of.log;
    const { used, unusedSince } = contentOf(of.text);
    this.#used = new Set(used);
    this.#since = new Map(Object.entries(unusedSince));
  }

  static async open(directory: string, log: Log): Promise<VolumeUse> {
    const file = path.join(directory, 'volumes.json');
    const text = await readText(file);
    return new VolumeUse({ text, log, save: async (next) => await writePrivately(file, next) });
  }

  /** `null`: it is used, or was never seen used. */
  since(volume: string): number | null {
    return this.#since.get(volume) ?? null;
  }

  /** All volumes that the node's containers have now. */
  async see(volumes: readonly string[], now: number): Promise<void> {
    const used = new Set(volumes);
    const gone = [...this.#used].filter((name) => !used.has(name));
    const isKnown = gone.length === 0 && used.size === this.#used.size;
    if (isKnown) return;
    const idle = [...this.#since].filter(([name]) => !used.has(name));
    this.#since = new Map([...idle, ...gone.map((name) => [name, now] as const)].slice(-MOST));
    this.#used = used;
    const content: Content = { used: [...used], unusedSince: Object.fromEntries(this.#since) };
    try {
      await this.#save(JSON.stringify(content));
    } catch (error) {
      this.#log.warn({ error: errorMessage(error) }, 'cannot write down which volumes are used');
    }
  }
}

function contentOf(text: string | null): Content {
  const nothing: Content = { used: [], unusedSince: {} };
  if (text === null) return nothing;
  try {
    return JSON.parse(text) as Content;
  } catch {
    return nothing;
  }
}
