import { vi } from 'vitest';

/**
 * Waits until `check` throws nothing; rejects with what it threw last when it never does. `most`, in ms, is a catch for what
 * never comes, no promise of how soon: a machine may be busy.
 */
export async function untilPasses<T>(check: () => T | Promise<T>, most = 15_000): Promise<T> {
  return await vi.waitFor(check, most);
}
