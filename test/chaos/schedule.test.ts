import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHANGES, type PlannedFault, scheduleOf } from './schedule.ts';

const runs = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  milliseconds: fc.integer({ min: 1_000, max: 120_000 }),
  hosts: fc.integer({ min: 1, max: 6 }),
});

describe('the schedule of a chaos run', () => {
  it('is the same for the same seed, whatever was drawn before', () => {
    fc.assert(
      fc.property(runs, runs, (run, other) => {
        const first = scheduleOf(run);
        scheduleOf(other);
        expect(scheduleOf(run)).toEqual(first);
      }),
    );
  });

  it('is another one for another seed', () => {
    const seeds = Array.from({ length: 50 }, (_, seed) =>
      JSON.stringify(scheduleOf({ seed, milliseconds: 60_000, hosts: 3 })),
    );
    expect(new Set(seeds).size).toBe(seeds.length);
  });

  it('does one thing at a time to each target, and nothing after the end', () => {
    fc.assert(
      fc.property(runs, (run) => {
        const { faults, pushes } = scheduleOf(run);
        for (const own of byTarget(faults))
          for (const [at, fault] of own.entries()) {
            const next = own[at + 1]?.at ?? run.milliseconds;
            expect(fault.at + fault.lasts).toBeLessThanOrEqual(next);
          }
        for (const { at } of pushes) expect(at).toBeLessThan(run.milliseconds);
      }),
    );
  });

  it('has every fault and every kind of commit in it where there is time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
        const { faults, pushes } = scheduleOf({ seed, milliseconds: 120_000, hosts: 3 });
        expect(new Set(faults.map(({ kind }) => kind)).size).toBe(23);
        expect(new Set(pushes.map(({ change }) => change)).size).toBe(CHANGES.length);
      }),
    );
  });
});

function byTarget(faults: readonly PlannedFault[]): readonly (readonly PlannedFault[])[] {
  const targets = [...new Set(faults.map(({ target }) => target))];
  return targets.map((target) => faults.filter((fault) => fault.target === target));
}
