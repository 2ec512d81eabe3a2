import { fileURLToPath } from 'node:url';
import type { Host } from './rig/host.ts';
import type { HostProcess } from './rig/host-process.ts';
import { until } from './rig/until.ts';

const PROGRAM = fileURLToPath(new URL('watch-name.mjs', import.meta.url));

export interface NameAnswer {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Addresses, sorted, with spaces between them; or why there are none. */
  readonly answer: string;
}

/** What a host's resolver says of a name, from moment to moment. */
export class NameWatch {
  readonly #process: HostProcess;

  private constructor(process: HostProcess) {
    this.#process = process;
  }

  static async start(host: Host, server: string, name: string): Promise<NameWatch> {
    const log = `watch-${name}-${Math.random().toString(36).slice(2, 8)}`;
    return new NameWatch(await host.spawn([process.execPath, PROGRAM, server, name], { log }));
  }

  get answers(): readonly NameAnswer[] {
    const lines = this.#process.log.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as NameAnswer);
  }

  /** The first answer from `since` on that is as asked for. */
  async first(
    predicate: (answer: string) => boolean,
    since: number,
    what: string,
    timeout = 30_000,
  ): Promise<NameAnswer> {
    const found = until(
      () => {
        const all = this.answers;
        const before = all.findLast((one) => one.at <= since);
        if (before !== undefined && predicate(before.answer)) return { ...before, at: since };
        return all.find((one) => one.at > since && predicate(one.answer)) ?? false;
      },
      what,
      timeout,
    );
    return await found.catch((error: Error) => {
      throw new Error(`${error.message}; it said ${this.#process.log}`);
    });
  }

  async stop(): Promise<void> {
    await this.#process.kill('SIGKILL');
  }
}
