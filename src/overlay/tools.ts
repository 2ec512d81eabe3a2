import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { GridError } from '../model/error.ts';

/** The host's own programs and its kernel's settings: the only way this folder reaches the world. */
export interface Tools {
  /** Runs a program without a shell. Resolves to its standard output; rejects with a ToolError. */
  run(program: string, args: readonly string[], input?: string): Promise<string>;
  /** A kernel setting, a path below /proc/sys; `null` where this kernel has none. */
  setting(name: string): Promise<string | null>;
  set(name: string, value: string): Promise<void>;
}

/** A program that did not do what it was asked to, in one line. */
export class ToolError extends GridError {
  readonly program: string;
  /** What it printed to its standard error. */
  readonly complaint: string;
  /** The program itself is not there. */
  readonly missing: boolean;

  constructor(call: string, program: string, why: string, complaint: string, missing: boolean) {
    super({ code: 'internal', retry: 'later', message: `"${call}" ${why}` });
    this.program = program;
    this.complaint = complaint;
    this.missing = missing;
  }
}

/** All of these talk to the kernel on this host. One that takes longer waits for a lock that is not given back. */
const TIME_LIMIT = 5_000;
const MAX_OUTPUT = 16 * 1024 * 1024;
const MAX_COMPLAINT = 500;
/** Services are often started with a PATH that has no sbin. */
const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export const systemTools: Tools = {
  run: (program, args, input = '') =>
    new Promise((resolve, reject) => {
      const options = {
        timeout: TIME_LIMIT,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT,
        env: { PATH: SEARCH_PATH, LC_ALL: 'C' },
      } as const;
      const child = execFile(program, args, options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(toolError(program, args, error, stderr));
      });
      // One that ends without reading is known by its exit code.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    }),
  setting: async (name) => {
    try {
      return (await readFile(settingFile(name), 'utf8')).trim();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  },
  set: async (name, value) => await writeFile(settingFile(name), value),
};

function settingFile(name: string): string {
  return `/proc/sys/${name}`;
}

interface Ending {
  readonly code?: number | string | null;
  readonly killed?: boolean;
  readonly signal?: NodeJS.Signals | null;
}

function toolError(
  program: string,
  args: readonly string[],
  error: Error & Ending,
  stderr: string,
): ToolError {
  const complaint = stderr
    .trim()
    .replaceAll(/\s*\n\s*/g, '; ')
    .slice(0, MAX_COMPLAINT);
  const call = [program, ...args].join(' ').slice(0, MAX_COMPLAINT);
  return new ToolError(call, program, ending(error, complaint), complaint, error.code === 'ENOENT');
}

function ending(error: Error & Ending, complaint: string): string {
  if (error.code === 'ENOENT') return 'cannot be run: there is no such program on this host';
  if (error.killed === true) return `did not end within ${TIME_LIMIT / 1_000} s`;
  if (typeof error.code === 'string') return `could not be run: ${error.code}`;
  const how =
    typeof error.code === 'number'
      ? `ended with ${error.code}`
      : `was ended by ${error.signal ?? 'something'}`;
  return complaint === '' ? how : `${how}: ${complaint}`;
}
