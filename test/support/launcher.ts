import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./launching-process.mjs', import.meta.url));

export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: Uint8Array;
}

export interface Launched {
  /** null: a signal ended it. */
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

interface Pending {
  readonly resolve: (launched: Launched) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Runs programs from a small process: one that runs tests grows large, and is held up for 20 ms by each program that it starts
 * itself, because all of its page tables are copied for that.
 */
class Launcher {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  constructor() {
    this.#child = fork(PROGRAM, [], { serialization: 'advanced', execArgv: [] });
    this.#child.on('message', (message) => this.#settle(message as Launched & { id: number }));
    this.#child.on('exit', () => this.#fail(new Error('the process that starts others is gone')));
    this.#child.unref();
    this.#child.channel?.unref();
  }

  async run(of: Launch): Promise<Launched> {
    this.#last += 1;
    const id = this.#last;
    this.#child.channel?.ref();
    const launched = new Promise<Launched>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
    });
    this.#child.send({ id, ...of });
    return await launched;
  }

  #settle({ id, ...message }: { id: number } & (Launched | { error: string })): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#child.channel?.unref();
    if ('error' in message) pending?.reject(new Error(message.error));
    else
      pending?.resolve({
        ...message,
        stdout: Buffer.from(message.stdout),
        stderr: Buffer.from(message.stderr),
      });
  }

  #fail(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

/** One for each process, as long as that lives. */
let launcher: Launcher | null = null;

/** Rejects when there is no such program. */
export async function launch(of: Launch): Promise<Launched> {
  launcher ??= new Launcher();
  return await launcher.run(of);
}
