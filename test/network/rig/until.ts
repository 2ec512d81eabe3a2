import { setTimeout as delay } from 'node:timers/promises';

/** At first almost at once, then rarely enough not to slow down what is waited for. */
const FIRST_MS = 5;
const LAST_MS = 80;

/** Waits for a condition that no event tells of, and resolves to what it found. */
export async function until<T>(
  probe: () => T | false | Promise<T | false>,
  what: string,
  timeout = 30_000,
): Promise<T> {
  const end = Date.now() + timeout;
  for (let pause = FIRST_MS; ; pause = Math.min(pause * 1.5, LAST_MS)) {
    const found = await probe();
    if (found !== false) return found;
    if (Date.now() > end) throw new Error(`waited ${timeout} ms for ${what}`);
    await delay(pause);
  }
}
