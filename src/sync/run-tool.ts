import { spawn } from 'node:child_process';
import { ended, isStillborn } from './git-command.ts';

export interface ToolRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
  readonly cwd: string;
}

export interface ToolResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const maxOutput = 64 * 1024;

// A signature is checked in milliseconds. What takes this long waits for something that will never come.
const patience = 15_000;

/** Runs a small program without a shell. Null when there is no such program. */
export async function runTool({
  program,
  args,
  env,
  stdin,
  cwd,
}: ToolRun): Promise<ToolResult | null> {
  const child = spawn(program, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  const over = ended(child).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return 'missing' as const;
    throw error;
  });
  if (isStillborn(child)) return (await over) === 'missing' ? null : fail(program);
  const timer = setTimeout(() => child.kill('SIGKILL'), patience);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  try {
    const code = await over;
    return code === 'missing' ? null : { code, stdout: stdout(), stderr: stderr() };
  } finally {
    clearTimeout(timer);
  }
}

function fail(program: string): never {
  throw new Error(`${program} did not start`);
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
