import { type ChildProcess, spawn } from 'node:child_process';

export interface GitCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface GitResult {
  /** null: ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

// Nothing that is run prints more for an honest repository; what comes after is thrown away.
const maxOutput = 256 * 1024;

// After this long a process that ignores SIGTERM is killed.
const patience = 2_000;

/**
 * Runs git without a shell and with nothing of our own environment but what `env` holds. Git starts helpers (ssh,
 * remote-https, index-pack), so it leads a process group and the group is ended when the signal is aborted.
 * Rejects with the signal's reason after everything has ended, or with the error of a program that cannot be started.
 */
export async function runGit(command: GitCommand): Promise<GitResult> {
  command.signal.throwIfAborted();
  const child = spawn(command.program, command.args, {
    env: command.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const over = ended(child);
  if (isStillborn(child))
    return await over.then(() => Promise.reject(new Error('git did not start')));
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const stop = () => endGroup(child);
  command.signal.addEventListener('abort', stop, { once: true });
  try {
    const code = await over;
    command.signal.throwIfAborted();
    return { code, stdout: stdout(), stderr: stderr() };
  } finally {
    command.signal.removeEventListener('abort', stop);
  }
}

/**
 * Where not even its pipes could be made (no file descriptors left), a child has no streams, and its error comes later:
 * `ended` must be listening by then.
 */
export function isStillborn(child: ChildProcess): boolean {
  return child.stdout === undefined;
}

/** To be called before anything else is done with the child: without a listener its error would end this process. */
export function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size < maxOutput) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function endGroup(child: ChildProcess): void {
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), patience);
  child.once('close', () => clearTimeout(timer));
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}
