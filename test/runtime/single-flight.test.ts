import { describe, expect, it } from 'vitest';
import { SingleFlight } from '../../src/runtime/single-flight.ts';

function gate() {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), passed };
}

const noErrors = (error: unknown) => {
  throw error;
};

describe('single flight', () => {
  it('never runs twice at a time, and once more for any number of wishes during a run', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const first = gate();
    const flight = new SingleFlight(async () => {
      runs += 1;
      running += 1;
      most = Math.max(most, running);
      if (runs === 1) await first.passed;
      running -= 1;
    }, noErrors);

    flight.wake();
    for (let wish = 0; wish < 10; wish += 1) flight.wake();
    first.open();
    await flight.idle();

    expect(most).toBe(1);
    expect(runs).toBe(2);
  });

  it('goes on after a run that threw, and reports the error', async () => {
    const errors: unknown[] = [];
    let runs = 0;
    const flight = new SingleFlight(
      () => {
        runs += 1;
        return runs === 1 ? Promise.reject(new Error('once')) : Promise.resolve();
      },
      (error) => errors.push(error),
    );

    flight.wake();
    await flight.idle();
    flight.wake();
    await flight.idle();

    expect(runs).toBe(2);
    expect(errors).toEqual([new Error('once')]);
  });

  it('aborts the active run when it is stopped, waits for it, and starts no other', async () => {
    let runs = 0;
    const flight = new SingleFlight((signal) => {
      runs += 1;
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    }, noErrors);

    flight.wake();
    flight.wake();
    await flight.stop();
    flight.wake();
    await flight.idle();

    expect(runs).toBe(1);
  });
});
