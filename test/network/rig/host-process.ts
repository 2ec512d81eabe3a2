import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { childOf, type Namespaces } from './namespaces.ts';
import { until } from './until.ts';

export interface HostProcessOptions {
  readonly namespaces: Namespaces;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where all that it prints is appended. */
  readonly logFile: string;
}

/** A program that runs inside a host until it is ended, or the host is. */
export class HostProcess {
  /** As the machine counts, not as the host does; `null` when it ended at once. */
  readonly pid: number | null;
  readonly logFile: string;
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | null>;

  private constructor(child: ChildProcess, pid: number | null, logFile: string) {
    this.#child = child;
    this.pid = pid;
    this.logFile = logFile;
    this.#exit = hasEnded(child)
      ? Promise.resolve(child.exitCode)
      : once(child, 'exit').then(([code]) => code as number | null);
  }

  static async start(options: HostProcessOptions): Promise<HostProcess> {
    const [program = '', ...args] = options.namespaces.enter(options.args);
    const log = openSync(options.logFile, 'a');
    const child = spawn(program, args, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...options.env },
      // Ctrl-C in a terminal is for the tests, which end their hosts themselves.
      detached: true,
    });
    closeSync(log);
    await once(child, 'spawn');
    const inner = await until(
      () => hasEnded(child) || innerPid(child),
      `${options.args[0]} to start`,
    );
    return new HostProcess(child, inner === true ? null : inner, options.logFile);
  }

  get isRunning(): boolean {
    return !hasEnded(this.#child);
  }

  /** Its exit code; `null` when a signal ended it. */
  get exit(): Promise<number | null> {
    return this.#exit;
  }

  get log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  /** It does nothing until `resume`. */
  pause(): void {
    if (this.pid !== null) process.kill(this.pid, 'SIGSTOP');
  }

  resume(): void {
    if (this.pid !== null) process.kill(this.pid, 'SIGCONT');
    // The program that entered the host for it has been stopped with it.
    this.#child.kill('SIGCONT');
  }

  /** Sends the signal and waits for the end. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.isRunning && this.pid !== null)
      try {
        process.kill(this.pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    return await this.#exit;
  }
}

/** To be in the host's pid namespace the program is a child of the one that entered it. */
function innerPid(child: ChildProcess): number | false {
  try {
    return childOf(child.pid ?? 0);
  } catch {
    return false;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
