import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';

describe('system clock', () => {
  it('sleeps for longer than a timer can count', async () => {
    const abort = new AbortController();
    const sleep = systemClock.sleep(2 ** 31 + 1_000, abort.signal);

    const first = await Promise.race([
      sleep.then(() => 'slept'),
      systemClock.sleep(30).then(() => 'still asleep'),
    ]);
    abort.abort(new Error('enough'));

    expect(first).toBe('still asleep');
    await expect(sleep).rejects.toThrow('enough');
  });

  it('ends a sleep at once with the reason of the signal that aborts it', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');

    const sleep = systemClock.sleep(60_000, abort.signal);
    abort.abort(reason);

    await expect(sleep).rejects.toBe(reason);
    await expect(systemClock.sleep(60_000, abort.signal)).rejects.toBe(reason);
  });
});
