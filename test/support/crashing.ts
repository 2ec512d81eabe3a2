import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./crashing-process.mjs', import.meta.url));

/** A process that may die at any of its effects. */
export class CrashingProcess {
  readonly #child: ChildProcess;
  /** Resolves when the process is gone, however it went. */
  readonly gone: Promise<void>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.gone = new Promise((resolve) => {
      child.once('exit', () => resolve());
    });
  }

  /** `null` when it died before it was ready. */
  static async start(
    kind: 'master' | 'agent',
    options: object,
    crashAt: number,
  ): Promise<{ readonly process: CrashingProcess; readonly url: string } | null> {
    const child = fork(PROGRAM, [kind, JSON.stringify(options), `${crashAt}`], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const process = new CrashingProcess(child);
    const ready = once(child, 'message').then(([message]) => message as { url: string });
    ready.catch(() => undefined);
    const outcome = await Promise.race([ready, process.gone.then(() => null)]);
    return outcome === null ? null : { process, url: outcome.url };
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** It will die just before its Nth effect from now. */
  arm(effects: number): void {
    this.#child.send(effects);
  }

  async kill(): Promise<void> {
    if (this.isAlive) this.#child.kill('SIGKILL');
    await this.gone;
  }
}
