import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** How a look at the host reaches it. Nothing is changed by it, and nothing here ever rejects. */
export interface HostPrograms {
  run(program: string, args: readonly string[]): Promise<ProgramResult>;
  /** `null`: there is none, or it cannot be read. */
  read(file: string): Promise<string | null>;
}

export interface ProgramResult {
  /** Ended with 0. */
  readonly ok: boolean;
  /** There is no such program. */
  readonly missing: boolean;
  readonly output: string;
}

/** One that takes longer waits for somebody: what it would say is not known then. */
const TIME_LIMIT = 5_000;
const MAX_OUTPUT = 16 * 1024 * 1024;
/** Services are often started with a PATH that has no sbin. */
const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export const hostPrograms: HostPrograms = {
  run: (program, args) =>
    new Promise((resolve) => {
      const child = execFile(
        program,
        args,
        {
          timeout: TIME_LIMIT,
          killSignal: 'SIGKILL',
          maxBuffer: MAX_OUTPUT,
          env: { PATH: SEARCH_PATH, LC_ALL: 'C' },
        },
        (error, stdout) =>
          resolve({ ok: error === null, missing: error?.code === 'ENOENT', output: stdout }),
      );
      // One that ends without reading.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end();
    }),
  read: async (file) => await readFile(file, 'utf8').catch(() => null),
};
