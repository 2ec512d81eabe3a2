import { expect, it } from 'vitest';
import type { Clock } from '../../src/runtime/clock.ts';
import { poll } from '../../src/sync/poll.ts';

it('ticks after each wait, which jitter makes longer and shorter, until it is stopped', async () => {
  const waits: number[] = [];
  const controller = new AbortController();
  const clock: Clock = {
    now: () => 0,
    sleep: (milliseconds) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
  };
  const chances = [0, 0.5, 0.999];
  let ticks = 0;

  await poll({
    interval: 10_000,
    jitter: 0.1,
    clock,
    random: () => chances[waits.length] ?? 0,
    onTick: () => {
      ticks += 1;
      if (ticks === 3) controller.abort();
    },
    signal: controller.signal,
  });

  expect(waits).toEqual([9_000, 10_000, 10_998]);
  expect(ticks).toBe(3);
});

it('does not tick when it is stopped during a wait', async () => {
  const controller = new AbortController();
  const clock: Clock = {
    now: () => 0,
    sleep: () => {
      controller.abort();
      return Promise.reject(new Error('aborted'));
    },
  };
  let ticks = 0;

  await poll({
    interval: 1,
    jitter: 0,
    clock,
    random: () => 0,
    onTick: () => {
      ticks += 1;
    },
    signal: controller.signal,
  });

  expect(ticks).toBe(0);
});
