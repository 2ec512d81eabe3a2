import { type ChildProcess, spawn } from 'node:child_process';

/** A program of this machine and what it is told; no shell is between. */
export interface ProgramRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What it reads; `null`: what this process reads. */
  readonly input: string | null;
  /** Throws away what it writes, which goes to stderr otherwise. */
  readonly isQuiet: boolean;
  /** Ends it, and what it has started. */
  readonly signal: AbortSignal;
}

export type ProgramEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly by: string }
  /** There is no such program. */
  | { readonly kind: 'missing' };

export type RunProgram = (run: ProgramRun) => Promise<ProgramEnd>;

/** What was asked to end gets this long for it: builders tell their engine. */
const GRACE_MS = 10_000;

/**
 * At a terminal a program shares our process group, so that Ctrl-C reaches all that it has started, and it may ask for a
 * password. Elsewhere it has a group of its own, which is told to end as a whole.
 */
export function createRunner({ isTerminal }: { readonly isTerminal: boolean }): RunProgram {
  return async (run) => {
    run.signal.throwIfAborted();
    const output = run.isQuiet ? 'ignore' : 2;
    const child = spawn(run.program, [...run.args], {
      cwd: run.cwd,
      env: run.env,
      detached: !isTerminal,
      stdio: [run.input === null ? 'inherit' : 'pipe', output, output],
    });
    // It may end without having read everything.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(run.input);
    const release = endWith(child, { signal: run.signal, isGroup: !isTerminal });
    try {
      return await untilEnded(child);
    } finally {
      release();
    }
  };
}

interface Ending {
  readonly signal: AbortSignal;
  readonly isGroup: boolean;
}

/** Ends the child when it is time, and in any case with this process. Answers with how to let it be. */
function endWith(child: ChildProcess, { signal, isGroup }: Ending): () => void {
  let timer: NodeJS.Timeout | undefined;
  const kill = (how: NodeJS.Signals): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(isGroup ? -child.pid : child.pid, how);
    } catch {
      // It is gone already.
    }
  };
  const ask = (): void => {
    kill('SIGTERM');
    timer = setTimeout(() => kill('SIGKILL'), GRACE_MS);
  };
  const force = (): void => kill('SIGKILL');
  signal.addEventListener('abort', ask, { once: true });
  process.once('exit', force);
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', ask);
    process.removeListener('exit', force);
  };
}

function untilEnded(child: ChildProcess): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve({ kind: 'missing' });
      else reject(error);
    });
    child.once('exit', (code, by) => {
      resolve(code === null ? { kind: 'killed', by: String(by) } : { kind: 'exited', code });
    });
  });
}
