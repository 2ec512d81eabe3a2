import { GridError } from '../model/error.ts';
import type { Clock } from '../runtime/clock.ts';
import { ask } from './ask.ts';
import type { Folder } from './folder.ts';
import {
  parseReloads,
  parseStates,
  parseStructure,
  parseUnderWay,
  type ServerStates,
} from './states.ts';

/** As many as fit into what HAProxy reads of a line at once. */
const COMMANDS_AT_ONCE = 50;
/** A new process reads the configuration and its certificates, and listens. */
const RELOAD_MILLISECONDS = 15_000;
const LOOK_MILLISECONDS = 25;
/** Of what there are statistics: its number for servers. */
const SERVERS = 4;

/** A HAProxy that runs, or does not, in one folder. What is true of it is asked of it, and never remembered. */
export class Haproxy {
  readonly #folder: Folder;
  readonly #clock: Clock;

  constructor(folder: Folder, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /** Which configuration runs. `null`: none. */
  async structure(): Promise<string | null> {
    try {
      return parseStructure(await this.#askWorker('show info'));
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  async states(): Promise<ServerStates> {
    return parseStates(await this.#askWorker('show servers state'));
  }

  /** By the names of a backend's servers. */
  async underWay(backend: string): Promise<ReadonlyMap<string, number>> {
    return parseUnderWay(await this.#askWorker(`show stat ${backend} ${SERVERS} -1`));
  }

  async tell(commands: readonly string[]): Promise<void> {
    for (let at = 0; at < commands.length; at += COMMANDS_AT_ONCE)
      await this.#askWorker(...commands.slice(at, at + COMMANDS_AT_ONCE));
  }

  /**
   * Has the configuration read again. The new process takes over the old one's sockets, and the old one ends what it has: no
   * connection is lost. Resolves when the new one answers.
   */
  async reload(structure: string, signal: AbortSignal): Promise<void> {
    const before = await this.#reloads();
    await ask(this.#folder.master, 'reload');
    const until = this.#clock.now() + RELOAD_MILLISECONDS;
    while (this.#clock.now() < until) {
      if ((await this.structure()) === structure) return;
      const now = await this.#reloads();
      if (now?.hasFailed === true && now.count !== before?.count) break;
      await this.#clock.sleep(LOOK_MILLISECONDS, signal);
    }
    throw new GridError({
      code: 'internal',
      message: 'HAProxy did not take its new configuration; it goes on with the old one',
      retry: 'later',
      hint: "The container's log says why.",
    });
  }

  /**
   * Through the master, who knows which worker is the newest: on the worker's own socket one that is about to end may still
   * answer.
   */
  async #askWorker(...commands: readonly string[]): Promise<string> {
    const addressed = commands.map((command) => `@1 ${command}`);
    return await ask(this.#folder.master, addressed.join(';'));
  }

  /** `null`: it is about to read it. */
  async #reloads(): Promise<ReturnType<typeof parseReloads>> {
    try {
      return parseReloads(await ask(this.#folder.master, 'show proc'));
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }
}

function isAbsent(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(code);
}
