import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Debian's libfaketime, below the folder of the machine's architecture. */
const LIBRARY = 'faketime/libfaketimeMT.so.1';

/** Seconds that a clock may be wrong by: what NTP corrects, a wrong zone, an empty battery. */
const JUMPS = [-93_600, -7_200, -90, 90, 7_200, 93_600];

/**
 * The time of day of one process, which can be moved while it runs. Time that is measured (timers) goes on as before, as it
 * does when somebody sets a machine's clock.
 */
export class MovedClock {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    this.reset();
  }

  static get isThere(): boolean {
    return library() !== null;
  }

  /** What a process whose clock this is has in its environment. */
  get environment(): Readonly<Record<string, string>> {
    const preloaded = library();
    if (preloaded === null) return {};
    return {
      LD_PRELOAD: preloaded,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** `draw` in [0, 1) says how far. */
  jump(draw: number): void {
    const seconds = JUMPS[Math.floor(draw * JUMPS.length)] ?? 0;
    writeFileSync(this.#file, `${seconds > 0 ? '+' : ''}${seconds}`);
  }

  reset(): void {
    writeFileSync(this.#file, '+0');
  }
}

function library(): string | null {
  const files = readdirSync('/usr/lib').map((folder) => path.join('/usr/lib', folder, LIBRARY));
  return files.find((file) => existsSync(file)) ?? null;
}
