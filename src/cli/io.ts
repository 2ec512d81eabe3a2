import type { Clock } from '../runtime/clock.ts';
import type { Stdin } from './stdin.ts';

/** A command's outside world: what it reads and writes, how it ends. Tests put their own in its place. */
export interface Io {
  /** What was asked for; nothing else goes there, so that it can be piped. */
  readonly stdout: (text: string) => void;
  /** Progress, hints and faults. */
  readonly stderr: (text: string) => void;
  readonly stdin: Stdin;
  /** Whether a person reads there: then colours are used. */
  readonly isTerminal: { readonly stdout: boolean; readonly stderr: boolean };
  /** Width of the screen; absent where there is none. */
  readonly columns?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory that relative paths start from. */
  readonly cwd: string;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Aborted by Ctrl-C or a stop signal. */
  readonly stop: AbortSignal;
}

/** What ran, and ended how; scripts rely on the numbers. */
export const EXIT = {
  done: 0,
  /** Problems or a failure. */
  failed: 1,
  /** The command or its settings are wrong. */
  usage: 2,
  /** Waits for a person's confirmation. */
  held: 3,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
