import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 5;

/** Waits for a condition that no event tells of, and resolves to what it found. */
export async function until<T>(
  probe: () => T | false | Promise<T | false>,
  what: string,
  timeout = 30_000,
): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    const found = await probe();
    if (found !== false) return found;
    if (Date.now() > end) throw new Error(`waited ${timeout} ms for ${what}`);
    await delay(POLL_MS);
  }
}
