/** What a forge answered when it was last asked, so that the same answer need not be sent, nor paid for, again. */
export interface EtagCache<T> {
  /** `fetch` gets the tag to send as If-None-Match and gives `null` for "not modified". */
  get(key: string, fetch: (etag: string | null) => Promise<Tagged<T> | null>): Promise<T>;
}

export interface Tagged<T> {
  /** `null`: the answer had none, and is not kept. */
  readonly etag: string | null;
  readonly value: T;
}

/** Pages of lists, mostly; each is a few kilobytes. */
const MAX_ENTRIES = 500;

export function createEtagCache<T>(maxEntries = MAX_ENTRIES): EtagCache<T> {
  const entries = new Map<string, Tagged<T>>();
  function keep(key: string, tagged: Tagged<T>): void {
    entries.delete(key);
    if (tagged.etag !== null) entries.set(key, tagged);
    for (const oldest of entries.keys()) {
      if (entries.size <= maxEntries) return;
      entries.delete(oldest);
    }
  }
  return {
    get: async (key, fetch) => {
      const known = entries.get(key);
      // What a "not modified" refers to that nobody can have asked for is asked for anew.
      const answer = (await fetch(known?.etag ?? null)) ?? known ?? (await fetch(null));
      if (answer === null) throw new Error('"not modified" answered to a plain question');
      keep(key, answer);
      return answer.value;
    },
  };
}
