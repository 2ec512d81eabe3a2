import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { JobRecord } from '../../src/agent/job-record.ts';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import type { Job } from '../../src/model/job.ts';
import { NOW } from '../support/builders.ts';
import { Bench, web } from './bench.ts';
import { DyingClient } from './dying-client.ts';

const HOUR = 3_600_000;
const rules = { timeout: null, retries: 0, history: 20 };
const onDeploy: Job = { kind: 'on-deploy', ...rules };
const hourly: Job = {
  kind: 'schedule',
  schedule: '0 * * * *',
  timeZone: 'UTC',
  startWithin: 3_600,
  ...rules,
};

let bench = new Bench();

afterEach(async () => {
  await letGo(bench);
});

function aJob(image: string, job: Job, more: { retry?: string; request?: string } = {}) {
  return web(image, { job: { rules: job, from: NOW, ...more } });
}

function aBench(): Bench {
  const made = new Bench();
  made.engine.behave('ends:1', { exitAfter: 2_000, exitCode: 0 });
  made.engine.behave('ends:2', { exitAfter: 2_000, exitCode: 0 });
  made.engine.behave('fails:1', { exitAfter: 2_000, exitCode: 1 });
  return made;
}

/** The agent's disk, whose write at the crash point is done or not, and which never answers after it. */
function dyingDisk(of: Bench, dieAt: number, done: boolean): JobRecord {
  let writes = 0;
  const save = async (text: string): Promise<void> => {
    writes += 1;
    if (writes <= dieAt + (done ? 1 : 0)) of.disk.jobs = text;
    if (writes > dieAt) await new Promise(() => undefined);
  };
  return new JobRecord({ text: of.disk.jobs, save });
}

const points = [0, 1, 2, 3, 4, 5].flatMap((at) => [
  { at, done: false },
  { at, done: true },
]);
const scenarios = [
  { name: 'a job of a deploy that succeeds', image: 'ends:1', job: onDeploy, outcome: 'succeeded' },
  { name: 'a job of a deploy that fails', image: 'fails:1', job: onDeploy, outcome: 'failed' },
  { name: 'a scheduled job', image: 'ends:1', job: hourly, outcome: 'succeeded' },
];
const cases = scenarios.flatMap((scenario) =>
  (['engine', 'disk'] as const).flatMap((dies) =>
    points.map((point) => ({ ...scenario, ...point, dies })),
  ),
);

describe('an agent that dies', () => {
  it.each(cases)(
    'at call $at of the $dies (carried out: $done) during $name runs it once, and knows how it ended',
    async ({ image, job, outcome, at, done, dies }) => {
      bench = aBench();
      const { engine, clock } = bench;
      const wanted = [aJob(image, job)];
      const dying = new DyingClient(engine, at, done);
      await bench.start(
        dies === 'engine' ? { containers: dying.containers } : { jobs: dyingDisk(bench, at, done) },
      );
      await bench.assign(wanted);
      await clock.turn(HOUR + 10_000);

      await bench.start();
      await bench.assign(wanted);
      await clock.turn(60_000);

      // A job of a deploy has run in its first minute, a scheduled one when its hour came.
      expect(engine.count('start')).toBe(1);
      expect(engine.names).toEqual([]);
      expect(bench.observe()?.job?.runs.map((run) => run.outcome)).toEqual([outcome]);
    },
  );
});

type Event =
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'assign'; readonly image: string; readonly retry: boolean }
  | {
      readonly kind: 'crash';
      readonly dies: 'engine' | 'disk';
      readonly at: number;
      readonly done: boolean;
    }
  | { readonly kind: 'restart' };

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 0, max: 600 }) }),
  fc.record({
    kind: fc.constant('assign' as const),
    image: fc.constantFrom('ends:1', 'ends:2', 'fails:1'),
    retry: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('crash' as const),
    dies: fc.constantFrom('engine' as const, 'disk' as const),
    at: fc.integer({ min: 0, max: 5 }),
    done: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('restart' as const) }),
);

/** One that has died never stops, and does nothing any more. */
async function letGo(world: Bench): Promise<void> {
  await Promise.race([world.stop(), world.clock.settle()]);
}

/** Whatever comes, and in whatever order: time, other specs, agents that die anywhere. */
async function live(job: Job, events: readonly Event[]): Promise<Bench> {
  const world = aBench();
  bench = world;
  let wanted: AssignedInstance = aJob('ends:1', job);
  let retries = 0;
  await world.start();
  await world.assign([wanted]);
  for (const one of events) {
    if (one.kind === 'pass') await world.clock.turn(one.seconds * 1_000);
    else if (one.kind === 'assign') {
      retries += one.retry ? 1 : 0;
      wanted = aJob(one.image, job, { retry: String(retries) });
      await world.assign([wanted]);
    } else {
      await letGo(world);
      const isCrash = one.kind === 'crash';
      const containers = new DyingClient(world.engine, isCrash ? one.at : 0, isCrash && one.done)
        .containers;
      if (isCrash && one.dies === 'engine') await world.start({ containers });
      else if (isCrash) await world.start({ jobs: dyingDisk(world, one.at, one.done) });
      else await world.start();
      await world.assign([wanted]);
    }
  }
  await letGo(world);
  await world.start();
  await world.assign([wanted]);
  await world.clock.turn(60_000);
  return world;
}

describe('whatever happens to agents', () => {
  it('no spec of a deploy’s job is begun again after it has succeeded, and none runs beside another', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 8 }), async (events) => {
        const world = await live(onDeploy, events);

        expect(world.engine.mostOfOneInstance).toBeLessThanOrEqual(1);
        expect(world.engine.names).toEqual([]);
        const runs = world.observe()?.job?.runs ?? [];
        for (const image of ['ends:1', 'ends:2']) {
          const { specHash } = aJob(image, onDeploy);
          const good = runs.filter(
            (run) => run.specHash === specHash && run.outcome === 'succeeded',
          );
          expect(good.length).toBeLessThanOrEqual(1);
        }
        await world.stop();
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  it('no time of a calendar is begun twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 8 }), async (events) => {
        const world = await live(hourly, events);

        expect(world.engine.mostOfOneInstance).toBeLessThanOrEqual(1);
        const ids = (world.observe()?.job?.runs ?? []).map((run) => run.id);
        expect(new Set(ids).size).toBe(ids.length);
        expect(world.engine.count('start')).toBeLessThanOrEqual(ids.length);
        await world.stop();
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});
