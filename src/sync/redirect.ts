import { refused } from './faults.ts';

/** Thrown by an HTTP request that was answered with a redirect. `location` is what the server wrote. */
export class Redirected extends Error {
  override readonly name = 'Redirected';
  readonly location: string;

  constructor(location: string) {
    super('redirected');
    this.location = location;
  }
}

const mostHops = 3;
const suffix = '/info/refs';

/**
 * Where a redirected repository is now: a renamed repository or the same host's https, nothing else. Another host is
 * never followed, so credentials and requests from inside the network stay where the configuration sends them.
 */
export function redirectedUrl(url: string, location: string): string | null {
  const asked = `${url}${suffix}?service=git-upload-pack`;
  if (!URL.canParse(location, asked)) return null;
  const [from, to] = [new URL(asked), new URL(location, asked)];
  const sameOrigin = to.origin === from.origin;
  const upgraded =
    to.hostname === from.hostname &&
    [from.protocol, from.port, to.protocol, to.port].join() === 'http:,,https:,';
  if (!(sameOrigin || upgraded) || !to.pathname.endsWith(suffix)) return null;
  return `${to.origin}${to.pathname.slice(0, -suffix.length)}`;
}

/** A repository's current URL: remembers where redirects of earlier requests have led. */
export class MovingUrl {
  readonly #configured: string;
  #current: string;

  constructor(url: string) {
    this.#configured = url;
    this.#current = url;
  }

  /** @throws GridError repository-refused when a redirect must not be followed. */
  async follow<T>(work: (url: string) => Promise<T>): Promise<T> {
    for (let hop = 0; hop < mostHops; hop += 1) {
      try {
        return await work(this.#current);
      } catch (error) {
        if (!(error instanceof Redirected)) throw error;
        this.#move(error.location);
      }
    }
    this.#current = this.#configured;
    throw refused(this.#configured, 'it redirects in circles');
  }

  #move(location: string): void {
    const next = redirectedUrl(this.#current, location);
    if (next === null) {
      this.#current = this.#configured;
      throw refused(this.#configured, 'it redirects to another place, which is not followed');
    }
    this.#current = next;
  }
}
