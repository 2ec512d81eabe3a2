import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./built-process.mjs', import.meta.url));

/** A master or an agent of one build of gridops, as a process of its own. */
export class BuiltProcess {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
    this.#gone = child.exitCode === null ? once(child, 'exit') : Promise.resolve();
  }

  /** `build`: the folder that has its `dist`. Throws what it says when it does not start. */
  static async start(
    build: string,
    kind: 'master' | 'agent',
    options: object,
  ): Promise<BuiltProcess> {
    const child = fork(PROGRAM, [build, kind, JSON.stringify(options)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const ready = once(child, 'message').then(([message]) => message as { url: string });
    const died = once(child, 'close').then(() => null);
    const outcome = await Promise.race([ready, died]);
    if (outcome === null) throw new Error(said);
    return new BuiltProcess(child, outcome.url);
  }

  /** As a service manager does it. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#gone;
  }
}
