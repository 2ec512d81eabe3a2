import type { Clock } from '../../src/runtime/clock.ts';
import { REQUESTS_PER_HOUR } from './limits.ts';
import { Refusal } from './refusal.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const DOCS = 'https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api';

export interface RateLimitOptions {
  /** Requests of one actor in an hour. */
  readonly perHour?: number;
  /** Content-creating requests of one actor in a minute; GitHub's own figure is 80. Not limited when absent. */
  readonly writesPerMinute?: number;
  readonly status?: 403 | 429;
}

interface Used {
  count: number;
  resetAt: number;
  writes: number[];
}

/** The primary limit, always counted, and the secondary one for writes, only where a test asks for it. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #used = new Map<string, Used>();
  #options: RateLimitOptions = {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  configure(options: RateLimitOptions): void {
    this.#options = options;
    this.#used.clear();
  }

  /** Counts a request of `actor`; throws the refusal that GitHub would answer with. */
  take(actor: string, writes: boolean): void {
    const used = this.#usedBy(actor);
    if (used.count >= this.#perHour()) throw this.#primary(actor);
    used.count += 1;
    if (!writes || this.#options.writesPerMinute === undefined) return;
    used.writes = used.writes.filter((time) => time > this.#clock.now() - MINUTE_MS);
    const [oldest] = used.writes;
    if (oldest !== undefined && used.writes.length >= this.#options.writesPerMinute) {
      const wait = Math.ceil((oldest + MINUTE_MS - this.#clock.now()) / 1000);
      throw secondaryLimit(this.#options.status ?? 403, wait);
    }
    used.writes.push(this.#clock.now());
  }

  /** An answer of 304 does not count. */
  giveBack(actor: string): void {
    this.#usedBy(actor).count -= 1;
  }

  headers(actor: string): Readonly<Record<string, string>> {
    const used = this.#usedBy(actor);
    return {
      'x-ratelimit-limit': String(this.#perHour()),
      'x-ratelimit-remaining': String(this.#perHour() - used.count),
      'x-ratelimit-reset': String(Math.ceil(used.resetAt / 1000)),
      'x-ratelimit-resource': 'core',
      'x-ratelimit-used': String(used.count),
    };
  }

  #primary(actor: string): Refusal {
    return new Refusal(this.#options.status ?? 403, {
      message: `API rate limit exceeded for ${actor}.`,
      documentation_url: DOCS,
    });
  }

  #perHour(): number {
    return this.#options.perHour ?? REQUESTS_PER_HOUR;
  }

  #usedBy(actor: string): Used {
    const now = this.#clock.now();
    const known = this.#used.get(actor);
    if (known !== undefined && known.resetAt > now) return known;
    const fresh = { count: 0, resetAt: now + HOUR_MS, writes: [] };
    this.#used.set(actor, fresh);
    return fresh;
  }
}

export function secondaryLimit(status: 403 | 429, retryAfter: number | null): Refusal {
  return new Refusal(
    status,
    {
      message:
        'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
      documentation_url: `${DOCS}#about-secondary-rate-limits`,
    },
    retryAfter === null ? {} : { 'retry-after': String(retryAfter) },
  );
}
