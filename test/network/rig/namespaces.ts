import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

export type NamespaceKind = 'mount' | 'uts' | 'ipc' | 'net' | 'pid';

const FLAGS: Readonly<Record<NamespaceKind, string>> = {
  mount: '-m',
  uts: '-u',
  ipc: '-i',
  net: '-n',
  pid: '-p',
};

export interface NamespacesOptions {
  readonly kinds: readonly NamespaceKind[];
  /** What runs as their first process: prints a line when it is ready and never ends by itself. */
  readonly init: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Namespaces that live exactly as long as their first process, and that process at most as long as ours: the kernel takes
 * them away even after a `kill -9` of the tests. No name and no mount of them is left anywhere.
 */
export class Namespaces {
  /** The first process, as this machine counts. */
  readonly pid: number;
  readonly #kinds: readonly NamespaceKind[];
  readonly #holder: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(holder: ChildProcess, kinds: readonly NamespaceKind[], pid: number) {
    this.#holder = holder;
    this.#kinds = kinds;
    this.pid = pid;
    this.#ended = once(holder, 'exit');
  }

  static async start({ kinds, init, env = {} }: NamespacesOptions): Promise<Namespaces> {
    const args = ['--pdeathsig', 'KILL', 'unshare', ...kinds.map((kind) => FLAGS[kind])];
    if (kinds.includes('mount')) args.push('--propagation', 'private');
    if (kinds.includes('pid')) args.push('--mount-proc');
    const holder = spawn('setpriv', [...args, '--kill-child', '--', ...init], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      detached: true,
    });
    await ready(holder, init);
    return new Namespaces(holder, kinds, childOf(holder.pid ?? 0));
  }

  /** A command line that runs `args` inside. */
  enter(args: readonly string[], kinds = this.#kinds): readonly string[] {
    const flags = kinds.map((kind) => FLAGS[kind]);
    return ['nsenter', '-t', `${this.pid}`, ...flags, '--', ...args];
  }

  get isRunning(): boolean {
    return this.#holder.exitCode === null && this.#holder.signalCode === null;
  }

  /** Everything inside dies at once; resolves when it is dead. */
  async end(): Promise<void> {
    if (!this.isRunning) return;
    // The holder goes when its child has gone, and the kernel lets a first process go last of all.
    process.kill(this.pid, 'SIGKILL');
    await this.#ended;
  }
}

/** The only child of a process. */
export function childOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  const child = Number(children.split(' ')[0]);
  if (!(child > 0)) throw new Error(`process ${pid} has no child`);
  return child;
}

async function ready(holder: ChildProcess, init: readonly string[]): Promise<void> {
  let said = '';
  holder.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const failed = new Promise<never>((_, reject) => {
    holder.once('error', reject);
    holder.once('close', (code) =>
      reject(new Error(`${init.join(' ')} ended with ${code} before it was ready: ${said}`)),
    );
  });
  failed.catch(() => undefined);
  await Promise.race([once(holder.stdout ?? holder, 'data'), failed]);
}
