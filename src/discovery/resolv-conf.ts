import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock } from '../runtime/clock.ts';

/** As many as anybody asks; the C library takes three. */
const MOST_SERVERS = 8;
const MOST_CHARACTERS = 65_536;
/** Milliseconds between looks at whether the file has changed. */
const LOOK_AGAIN = 1_000;

/** Whom the host itself asks, read again when the file has changed: DHCP and VPNs rewrite it. */
export class HostServers {
  readonly #file: string;
  readonly #clock: Clock;
  #servers: readonly string[] = [];
  #state = '';
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(file: string, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
  }

  /** None where the file cannot be read and never could; else those that were last read. */
  async get(): Promise<readonly string[]> {
    const now = this.#clock.now();
    if (now - this.#lookedAt < LOOK_AGAIN) return this.#servers;
    this.#lookedAt = now;
    try {
      await this.#look();
    } catch {
      // It is replaced, not edited, and may be missing for a moment.
    }
    return this.#servers;
  }

  async #look(): Promise<void> {
    const { mtimeMs, size, ino } = await stat(this.#file);
    const state = `${mtimeMs} ${size} ${ino}`;
    if (state === this.#state) return;
    this.#servers = parseResolvConf(await readFile(this.#file, 'utf8'));
    this.#state = state;
  }
}

/** Its name servers, in their order. */
export function parseResolvConf(text: string): readonly string[] {
  const found = [...text.slice(0, MOST_CHARACTERS).matchAll(/^[ \t]*nameserver[ \t]+([^\s#;]+)/gm)];
  const servers = found.map((match) => match[1] ?? '').filter(isServer);
  return [...new Set(servers)].slice(0, MOST_SERVERS);
}

/** An address; that of an interface's own network may name the interface (`fe80::1%eth0`). */
function isServer(text: string): boolean {
  return isIP(text.split('%')[0] ?? '') !== 0;
}
