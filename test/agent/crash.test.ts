import { afterEach, describe, expect, it } from 'vitest';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import { aHook, aPort } from '../support/builders.ts';
import { Bench, WEB, web } from './bench.ts';
import { DyingClient } from './dying-client.ts';

interface Scenario {
  readonly before: readonly AssignedInstance[];
  readonly after: readonly AssignedInstance[];
  readonly names: readonly string[];
  /** How many containers are ever made. */
  readonly made: number;
  /** Pre-start hooks that are ever started. */
  readonly ran?: readonly string[];
}

const ports = [aPort(80)];
const [MIGRATE, SEED] = ['start-hook pre-start/migrate', 'start-hook pre-start/seed'] as const;
const hooks = [
  aHook('pre-start', 'migrate'),
  aHook('pre-start', 'seed', { oneshot: true }),
  aHook('post-start', 'warm'),
  aHook('pre-stop', 'drain'),
];
const scenarios: readonly [string, Scenario][] = [
  ['the first start of an instance', { before: [], after: [web('web:1')], names: [WEB], made: 1 }],
  [
    'a replacement beside the old container',
    { before: [web('web:1')], after: [web('web:2')], names: [WEB], made: 2 },
  ],
  [
    'a replacement that stops the old container first',
    {
      before: [web('web:1', { ports })],
      after: [web('web:2', { ports, mode: 'stop-first' })],
      names: [WEB],
      made: 2,
    },
  ],
  [
    'a replacement with hooks',
    {
      before: [web('web:1', { hooks })],
      after: [web('web:2', { hooks })],
      names: [WEB],
      made: 2,
      ran: [MIGRATE, MIGRATE, SEED],
    },
  ],
  ['a removal', { before: [web('web:1')], after: [], names: [], made: 1 }],
];

let bench = new Bench();

afterEach(async () => {
  await bench.stop();
});

describe('an agent that dies', () => {
  const points = [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((at) => [
    { at, done: false },
    { at, done: true },
  ]);
  const cases = scenarios.flatMap(([name, scenario]) =>
    points.map((point) => ({ name, scenario, ...point })),
  );

  it.each(cases)(
    'at call $at (carried out: $done) of $name loses nothing and starts nothing twice',
    async ({ scenario, at, done }) => {
      bench = new Bench();
      const { engine, clock } = bench;
      await bench.start();
      await bench.assign(scenario.before);
      await clock.turn(2_000);
      await bench.stop();
      const dying = new DyingClient(engine, at, done);
      await bench.start({ containers: dying.containers });
      await bench.assign(scenario.after);
      await clock.turn(5_000);

      await bench.start();
      await bench.assign(scenario.after);
      await clock.turn(5_000);

      expect(engine.names).toEqual(scenario.names);
      expect(engine.count('create')).toBe(scenario.made);
      expect(engine.count('start')).toBe(scenario.made);
      const ran = engine.journal.filter((line) => line.startsWith('start-hook'));
      expect(ran.toSorted()).toEqual(scenario.ran ?? []);
      expect(engine.mostOfOneInstance).toBeLessThanOrEqual(2);
      for (const instance of scenario.after)
        expect(engine.get(WEB).instance.specHash).toBe(instance.specHash);
    },
  );
});
