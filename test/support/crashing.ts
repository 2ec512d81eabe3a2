import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./crashing-process.mjs', import.meta.url));

type Kind = 'master' | 'agent';

/** A process that may die at any of its effects. */
export class CrashingProcess {
  /** Loaded, and waiting to be begun: the next one is needed as soon as one has died, and loading takes longest. */
  static readonly #spares = new Map<Kind, ChildProcess>();
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
    kind: Kind,
    options: object,
    crashAt: number,
  ): Promise<{ readonly process: CrashingProcess; readonly url: string } | null> {
    const child = CrashingProcess.#spares.get(kind) ?? load(kind);
    child.send({ options, crashAt });
    CrashingProcess.#spares.set(kind, load(kind));
    const process = new CrashingProcess(child);
    const ready = once(child, 'message').then(([message]) => message as { url: string });
    ready.catch(() => undefined);
    const outcome = await Promise.race([ready, process.gone.then(() => null)]);
    return outcome === null ? null : { process, url: outcome.url };
  }

  /** When no other one is needed. */
  static endSpares(): void {
    for (const spare of CrashingProcess.#spares.values()) spare.kill('SIGKILL');
    CrashingProcess.#spares.clear();
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

function load(kind: Kind): ChildProcess {
  return fork(PROGRAM, [kind], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}
