import { type Clock, systemClock } from '../../src/runtime/clock.ts';

/** A clock that goes so many times as fast as others from now on, for what takes long by its nature. */
export function hurriedClock(times: number): Clock {
  const began = Date.now();
  return {
    now: () => began + (Date.now() - began) * times,
    sleep: async (milliseconds, signal) => await systemClock.sleep(milliseconds / times, signal),
  };
}
