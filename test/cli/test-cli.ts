import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { EXIT, type ExitCode, type Io } from '../../src/cli/io.ts';
import type { Launch } from '../../src/cli/launch.ts';
import type { Machine } from '../../src/cli/machine.ts';
import { runCli } from '../../src/cli/program.ts';
import type { RunProgram } from '../../src/cli/run-program.ts';
import type { Stdin } from '../../src/cli/stdin.ts';
import { NOW } from '../http/fake-operations.ts';

export interface CliOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly isTerminal?: boolean;
  /** What is piped in, or typed where `isTyped`. */
  readonly stdin?: string | Uint8Array;
  readonly isTyped?: boolean;
  /** What happens while somebody types. */
  readonly onAsk?: () => Promise<void>;
  readonly fetch?: typeof fetch;
  readonly launch?: Partial<Launch>;
  readonly machine?: Partial<Machine>;
  readonly run?: RunProgram;
  readonly stop?: AbortSignal;
  readonly now?: () => number;
  /** Width of the screen. */
  readonly columns?: number;
  /** What happens while the command sleeps. */
  readonly sleep?: (milliseconds: number) => Promise<void> | void;
  /** Called with everything that is printed so far on stdout. */
  readonly onOutput?: (out: string) => void;
}

export interface CliResult {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process, with a world of its own. */
export async function runGridops(
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  let out = '';
  let err = '';
  let now = NOW;
  const terminal = options.isTerminal === true;
  const io: Io = {
    stdout: (text) => {
      out += text;
      options.onOutput?.(out);
    },
    stderr: (text) => {
      err += text;
    },
    stdin: fakeStdin(options, (text) => {
      err += text;
    }),
    isTerminal: { stdout: terminal, stderr: terminal },
    ...(options.columns === undefined ? {} : { columns: options.columns }),
    env: options.env ?? {},
    cwd: options.cwd ?? '/nonexistent',
    fetch: options.fetch ?? fetch,
    clock: {
      now: options.now ?? (() => now),
      sleep: async (milliseconds, signal) => {
        now += milliseconds;
        await options.sleep?.(milliseconds);
        signal?.throwIfAborted();
      },
    },
    random: () => 0.5,
    stop: options.stop ?? new AbortController().signal,
  };
  const nothing = () => Promise.reject(new Error('not started in this test'));
  const launch: Launch = {
    master: nothing,
    agent: nothing,
    demo: nothing,
    checkHost: nothing,
    leaveGrid: nothing,
    ...options.launch,
  };
  const machine: Machine = {
    nodeVersion: '20.19.0',
    git: async () => '2.39',
    docker: async () => '27.3.1',
    ...options.machine,
  };
  const run = options.run ?? nothing;
  const code = await runCli(args, { io, launch, machine, run });
  return { code, out, err };
}

function fakeStdin(
  { stdin = '', isTyped = false, onAsk }: CliOptions,
  print: (text: string) => void,
): Stdin {
  const bytes = Buffer.from(stdin);
  return {
    isTerminal: isTyped,
    read: async () => bytes,
    ask: async (question) => {
      print(question);
      await onAsk?.();
      return bytes.toString();
    },
  };
}

/** A folder of its own for one test; gone when `use` ends. */
export async function withFolder(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gridops-cli-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export { EXIT };
