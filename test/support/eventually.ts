import { vi } from 'vitest';

/** A catch for what never comes, no promise of how soon: a machine may be busy. In ms. */
const most = 15_000;

/** Waits until `check` throws nothing; what it threw last when it never does. */
export async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return await vi.waitFor(check, most);
}
