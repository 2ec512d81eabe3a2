import type { Clock } from '../runtime/clock.ts';

export interface HostNamesOptions {
  /** Addresses of a host, IPv4 and IPv6. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly clock: Clock;
  /** A name has other addresses than it was thought to have. */
  readonly onChange: () => void;
}

interface Entry {
  readonly addresses: readonly string[];
  readonly askedAt: number;
}

/** Addresses behind a name change seldom (a dynamic one with its provider), and a resolver is not to be asked all the time. */
const REFRESH_INTERVAL = 60_000;

/** What the host's resolver says of peers' names. Nobody waits for it: what it said last is what is known. */
export class HostNames {
  readonly #options: HostNamesOptions;
  #entries = new Map<string, Entry>();

  constructor(options: HostNamesOptions) {
    this.#options = options;
  }

  addresses(host: string): readonly string[] {
    return this.#entries.get(host)?.addresses ?? [];
  }

  /** Asks for those that were not asked for lately, and forgets all others. */
  follow(hosts: readonly string[]): void {
    const now = this.#options.clock.now();
    const kept = new Map<string, Entry>();
    for (const host of hosts) {
      const entry = this.#entries.get(host);
      const isFresh = entry !== undefined && Math.abs(now - entry.askedAt) < REFRESH_INTERVAL;
      kept.set(host, isFresh ? entry : { addresses: entry?.addresses ?? [], askedAt: now });
      if (!isFresh) void this.#ask(host);
    }
    this.#entries = kept;
  }

  async #ask(host: string): Promise<void> {
    // A resolver that is not reached says nothing about the host: what it said before holds.
    const found = await this.#options.resolve(host).catch(() => null);
    const entry = this.#entries.get(host);
    if (found === null || entry === undefined || found.join() === entry.addresses.join()) return;
    this.#entries.set(host, { ...entry, addresses: found });
    this.#options.onChange();
  }
}
