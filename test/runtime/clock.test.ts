import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';

describe('system clock', () => {
  it('ends a sleep at once with the reason of the signal that aborts it', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');

    const sleep = systemClock.sleep(60_000, abort.signal);
    abort.abort(reason);

    await expect(sleep).rejects.toBe(reason);
    await expect(systemClock.sleep(60_000, abort.signal)).rejects.toBe(reason);
  });
});
