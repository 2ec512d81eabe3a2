import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';

export interface CommandOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Outcome {
  /** 128 and the signal's number are not told apart here: a process that a signal ended has code -1. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that failed, with all that it said. */
export class CommandError extends Error {
  readonly outcome: Outcome;

  constructor(args: readonly string[], outcome: Outcome) {
    super(`${args.join(' ')}: exit ${outcome.code}\n${outcome.stderr}${outcome.stdout}`.trimEnd());
    this.name = 'CommandError';
    this.outcome = outcome;
  }
}

/** Runs a command to its end and resolves to what it printed, without the last newline. Throws `CommandError`. */
export async function run(args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const outcome = await attempt(args, options);
  if (outcome.code !== 0) throw new CommandError(args, outcome);
  return outcome.stdout.trimEnd();
}

/** Runs a command to its end, whatever that is. */
export async function attempt(
  [program = '', ...args]: readonly string[],
  { input = '', env, signal }: CommandOptions = {},
): Promise<Outcome> {
  const child = spawn(program, args, {
    stdio: 'pipe',
    env: { ...process.env, ...env },
    ...(signal === undefined ? {} : { signal }),
  });
  // A command that ends without reading all of its input is no trouble of ours.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? -1));
  });
  const [code, stdout, stderr] = await Promise.all([
    ended,
    buffer(child.stdout),
    buffer(child.stderr),
  ]);
  return { code, stdout: stdout.toString(), stderr: stderr.toString() };
}
