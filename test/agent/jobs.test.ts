import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import {
  type AssignedJob,
  dueTimeOf,
  type JobRun,
  type ScheduledJob,
} from '../../src/model/job.ts';
import type { ObservedInstance } from '../../src/model/observed.ts';
import { NOW } from '../support/builders.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { Bench, PATH, WEB, web } from './bench.ts';

const HOUR = 3_600_000;
const rules = { timeout: null, retries: 0, history: 10 };

function migration(image: string, overrides: Partial<AssignedJob> = {}, more = {}) {
  return web(image, {
    job: { rules: { kind: 'on-deploy', ...rules, ...more }, from: NOW, ...overrides },
  });
}

/** The benches' clock begins at 08:00 in UTC. */
function hourly(
  image: string,
  more: Partial<ScheduledJob> = {},
  overrides: Partial<AssignedJob> = {},
) {
  const schedule = { kind: 'schedule', schedule: '0 * * * *', timeZone: 'UTC' } as const;
  const job = { rules: { ...schedule, startWithin: 3_600, ...rules, ...more }, from: NOW };
  return web(image, { job: { ...job, ...overrides } });
}

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
  bench.engine.behave('ends:1', { exitAfter: 5_000, exitCode: 0, log: ['42 rows'] });
  bench.engine.behave('ends:2', { exitAfter: 5_000, exitCode: 0 });
  bench.engine.behave('fails:1', { exitAfter: 5_000, exitCode: 3, log: ['no such table'] });
  bench.engine.behave('hangs:1', {});
});

afterEach(async () => {
  await bench.stop();
});

async function given(...instances: AssignedInstance[]): Promise<void> {
  await bench.start();
  await bench.assign(instances);
}

function shown(): ObservedInstance {
  const found = bench.observe();
  if (found === null) throw new Error('nothing is observed');
  return found;
}

function runs(): readonly JobRun[] {
  return shown().job?.runs ?? [];
}

const brief = (list: readonly JobRun[]) =>
  list.map(({ id, attempt, outcome }) => `${readable(id)}#${attempt} ${outcome}`);

function readable(id: string): string {
  const due = dueTimeOf(id);
  return due === null ? id : `schedule/${new Date(due).toISOString()}`;
}

describe('a job of deploys', () => {
  it('runs to its end, is remembered with its exit code and last lines, and leaves no container', async () => {
    await given(migration('ends:1'));
    expect(bench.engine.names).toEqual([WEB]);
    expect(shown().attempt).toMatchObject({ phase: 'starting' });
    expect(shown().job).toMatchObject({ running: { attempt: 1 }, succeeded: false });

    await bench.clock.turn(6_000);

    expect(bench.engine.names).toEqual([]);
    const { specHash } = migration('ends:1');
    expect(shown()).toMatchObject({ current: null, attempt: null, doneHooks: [`job/${specHash}`] });
    expect(shown().job).toMatchObject({ running: null, succeeded: true, specHash });
    expect(runs()).toEqual([
      {
        id: `deploy/${specHash}`,
        attempt: 1,
        specHash,
        revision: 'c0ffee',
        startedAt: NOW,
        finishedAt: NOW + 5_000,
        exitCode: 0,
        outcome: 'succeeded',
        message: '',
        log: ['42 rows'],
      },
    ]);
  });

  it('is not run again, whatever is assigned again and whichever agent looks', async () => {
    await given(migration('ends:1'));
    await bench.clock.turn(6_000);
    await bench.assign([migration('ends:1')]);
    await bench.assign([migration('ends:1', { retry: '3' })]);
    await bench.stop();
    await given(migration('ends:1', { retry: '3' }));
    await bench.clock.turn(600_000);

    expect(bench.engine.count('start')).toBe(1);
  });

  it('is not run where another node has done it', async () => {
    const { specHash } = migration('ends:1');

    await given({ ...migration('ends:1'), doneHooks: [`job/${specHash}`] });
    await bench.clock.turn(60_000);

    expect(bench.engine.count('create')).toBe(0);
    expect(shown().job).toMatchObject({ succeeded: true });
  });

  it('that failed stays failed, also for the next agent, until somebody wants it tried again', async () => {
    await given(migration('fails:1'));
    await bench.clock.turn(600_000);
    await bench.stop();
    await given(migration('fails:1'));
    await bench.clock.turn(600_000);
    expect(bench.engine.count('start')).toBe(1);
    expect(shown().attempt).toMatchObject({
      phase: 'failed',
      failure: {
        code: 'job-failed',
        message: 'the container exited with code 3',
        exitCode: 3,
        log: ['no such table'],
      },
    });

    bench.engine.behave('fails:1', { exitAfter: 5_000, exitCode: 0 });
    await bench.assign([migration('fails:1', { retry: '2' })]);
    await bench.clock.turn(6_000);

    expect(bench.engine.count('start')).toBe(2);
    expect(shown()).toMatchObject({ attempt: null, job: { succeeded: true } });
  });

  it('is repeated as often as it says, with growing pauses', async () => {
    await given(migration('fails:1', {}, { retries: 2 }));
    await bench.clock.turn(600_000);

    expect(runs().map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(runs().map(({ startedAt }) => (startedAt ?? 0) - NOW)).toEqual([0, 6_000, 13_000]);
    expect(shown().attempt).toMatchObject({ phase: 'failed', failure: { count: 3 } });
  });

  it('is stopped when its time is up, and has failed whatever it exits with', async () => {
    bench.engine.behave('hangs:1', { stopTakes: 3_000 });
    await given(migration('hangs:1', {}, { timeout: 60 }));
    await bench.clock.turn(59_000);
    expect(bench.engine.names).toEqual([WEB]);

    await bench.clock.turn(10_000);

    expect(bench.engine.names).toEqual([]);
    expect(runs()).toMatchObject([
      { outcome: 'failed', message: 'it was stopped after 63 s: its time was up' },
    ]);
  });

  it('makes way for a newer spec, and never runs beside it', async () => {
    await given(migration('hangs:1'));
    await bench.assign([migration('ends:1')]);
    await bench.clock.turn(10_000);

    expect(bench.engine.mostOfOneInstance).toBe(1);
    expect(runs().map(({ outcome }) => outcome)).toEqual(['stopped', 'succeeded']);
    expect(shown().attempt).toBeNull();
  });

  it('that was stopped for a newer spec is run when it is wanted again', async () => {
    await given(migration('hangs:1'));
    await bench.assign([migration('ends:1')]);
    await bench.clock.turn(10_000);
    bench.engine.behave('hangs:1', { exitAfter: 1_000, exitCode: 0 });
    await bench.assign([migration('hangs:1')]);
    await bench.clock.turn(10_000);

    expect(shown().job).toMatchObject({ succeeded: true });
    expect(runs().map(({ outcome }) => outcome)).toEqual(['stopped', 'succeeded', 'succeeded']);
  });

  it('whose container was removed by hand has failed, and is not run once more by itself', async () => {
    await given(migration('hangs:1'));
    bench.engine.removeByHand(WEB);
    await bench.clock.turn(600_000);

    expect(bench.engine.count('start')).toBe(1);
    expect(runs()).toMatchObject([{ outcome: 'lost' }]);
    expect(shown().attempt).toMatchObject({ phase: 'failed', failure: { code: 'job-failed' } });
  });

  it('runs once more when it is asked for', async () => {
    await given(migration('ends:1'));
    await bench.clock.turn(6_000);
    await bench.assign([migration('ends:1', { request: 'a' })]);
    await bench.clock.turn(6_000);
    await bench.assign([migration('ends:1', { request: 'a', retry: '9' })]);
    await bench.stop();
    await given(migration('ends:1', { request: 'a' }));
    await bench.clock.turn(6_000);

    expect(runs().map(({ id }) => id.replace(/deploy.*/, 'deploy'))).toEqual([
      'deploy',
      'request/a',
    ]);
    expect(bench.engine.count('start')).toBe(2);
  });

  it('whose image is not there is tried until it is: nothing of it has run', async () => {
    await given(migration('late:1'));
    await bench.clock.turn(10_000);
    expect(shown().attempt).toMatchObject({ failure: { code: 'image-not-found' } });

    bench.engine.behave('late:1', { exitAfter: 1_000, exitCode: 0 });
    await bench.clock.turn(600_000);

    expect(shown().job).toMatchObject({ succeeded: true });
  });

  it('that the engine cannot start has not begun', async () => {
    bench.engine.behave('refused:1', { startError: 'engine-refused', exitAfter: 1, exitCode: 0 });
    await given(migration('refused:1'));
    await bench.clock.turn(10_000);
    expect(shown().attempt).toMatchObject({ failure: { code: 'engine-refused' } });
    expect(runs()).toEqual([]);

    bench.engine.behave('refused:1', { exitAfter: 1_000, exitCode: 0 });
    await bench.clock.turn(600_000);

    expect(shown().job).toMatchObject({ succeeded: true });
    expect(brief(runs())).toEqual([expect.stringContaining('#1 succeeded')]);
  });

  it('is not begun while that cannot be written down', async () => {
    bench.disk.isFull = true;
    await given(migration('ends:1'));
    await bench.clock.turn(10_000);
    expect(bench.engine.count('start')).toBe(0);

    bench.disk.isFull = false;
    await bench.clock.turn(60_000);

    expect(shown().job).toMatchObject({ succeeded: true });
    expect(bench.engine.count('start')).toBe(1);
  });

  it('takes the place of the service that it was, and the other way round', async () => {
    await given(web('web:1'));
    await bench.clock.turn(5_000);
    await bench.assign([migration('hangs:1')]);
    await bench.clock.turn(5_000);
    expect(bench.engine.get(WEB).instance.spec.image).toBe('hangs:1');

    await bench.assign([web('web:1')]);
    await bench.clock.turn(5_000);

    expect(bench.engine.mostOfOneInstance).toBe(1);
    expect(shown()).toMatchObject({ current: { ready: true }, attempt: null });
    expect(shown().job).toBeUndefined();
  });

  it('goes with its assignment, and what is remembered of it here', async () => {
    await given(migration('hangs:1'));
    await bench.assign([]);
    await bench.clock.turn(20_000);

    expect(bench.engine.names).toEqual([]);
    expect(bench.observe()).toBeNull();
  });
});

describe('a scheduled job', () => {
  it('runs at its times and at no others, and its failures are nobody’s deploy', async () => {
    await given(hourly('fails:1'));
    await bench.clock.turn(HOUR - 1);
    expect(bench.engine.count('create')).toBe(0);
    expect(shown()).toMatchObject({ current: null, attempt: null });
    expect(shown().job).toMatchObject({ nextAt: NOW + HOUR, runs: [] });

    await bench.clock.turn(HOUR + 10_000);

    expect(brief(runs())).toEqual([
      'schedule/2027-01-15T09:00:00.000Z#1 failed',
      'schedule/2027-01-15T10:00:00.000Z#1 failed',
    ]);
    expect(shown().attempt).toBeNull();
    expect(shown().job).toMatchObject({ nextAt: NOW + 3 * HOUR });
  });

  it('goes by its time zone, also when summer time begins', async () => {
    // 02:30 does not exist in Berlin on the 28th of March 2027: it is due at 03:00, which is 01:00 in UTC.
    const days = Date.UTC(2027, 2, 28) - NOW;
    const berlin = { schedule: '30 2 * * *', timeZone: 'Europe/Berlin' };
    await bench.clock.turn(days);
    await given(hourly('ends:1', berlin, { from: NOW + days }));
    await bench.clock.turn(25 * HOUR);

    expect(brief(runs())).toEqual([
      'schedule/2027-03-28T01:00:00.000Z#1 succeeded',
      'schedule/2027-03-29T00:30:00.000Z#1 succeeded',
    ]);
  });

  it('never runs beside itself: what fell due meanwhile is made up for once', async () => {
    bench.engine.behave('long:1', { exitAfter: 2.5 * HOUR, exitCode: 0 });
    await given(hourly('long:1'));
    await bench.clock.turn(6.6 * HOUR);

    expect(bench.engine.mostOfOneInstance).toBe(1);
    // The one of 11:00 begins at 11:30.
    expect(brief(runs())).toEqual([
      'schedule/2027-01-15T09:00:00.000Z#1 succeeded',
      'schedule/2027-01-15T11:00:00.000Z#1 succeeded',
    ]);
  });

  it.each([
    { away: 90 * 60_000, within: 3_600, expected: ['09:00:00.000Z#1 succeeded'] },
    { away: 90 * 60_000, within: 60, expected: ['09:00:00.000Z#1 missed'] },
    { away: 5.5 * HOUR, within: 3_600, expected: ['13:00:00.000Z#1 succeeded'] },
  ])(
    'whose agent was away for $away ms makes up for the last run within $within s',
    async ({ away, within, expected }) => {
      const job = hourly('ends:1', { startWithin: within });
      await given(job);
      await bench.stop();
      await bench.clock.turn(away);
      await given(job);
      await bench.clock.turn(60_000);

      expect(brief(runs())).toEqual(expected.map((text) => `schedule/2027-01-15T${text}`));
    },
  );

  it('does not run again for a time that has been, whoever looks and however the clock is set', async () => {
    const job = hourly('ends:1');
    await given(job);
    await bench.clock.turn(HOUR + 60_000);
    await bench.stop();
    bench.clock.set(NOW + HOUR - 60_000);
    await given(job);
    await bench.clock.turn(10 * 60_000);

    expect(bench.engine.count('start')).toBe(1);
  });

  it('does not wait for years for a clock that was far ahead', async () => {
    const job = hourly('ends:1');
    bench.clock.set(NOW + 400 * 24 * HOUR);
    await given(job);
    await bench.clock.turn(HOUR + 60_000);
    await bench.stop();
    bench.clock.set(NOW);
    await given(job);
    await bench.clock.turn(HOUR + 60_000);

    expect(brief(runs()).at(-1)).toBe('schedule/2027-01-15T09:00:00.000Z#1 succeeded');
  });

  it('makes up for what another node did not get to, and not for what it did', async () => {
    await bench.clock.turn(2.2 * HOUR);

    await given(hourly('ends:1', {}, { from: NOW + HOUR }));
    await bench.clock.turn(60_000);

    expect(brief(runs())).toEqual(['schedule/2027-01-15T10:00:00.000Z#1 succeeded']);
  });

  it('lets a run that is under way end when it is given a newer spec', async () => {
    await given(hourly('ends:1'));
    await bench.clock.turn(HOUR + 1_000);
    await bench.assign([hourly('ends:2')]);
    await bench.clock.turn(HOUR + 10_000);

    const [first, second] = [hourly('ends:1').specHash, hourly('ends:2').specHash];
    expect(runs().map((run) => [run.specHash, run.outcome])).toEqual([
      [first, 'succeeded'],
      [second, 'succeeded'],
    ]);
  });

  it('follows a new schedule at once', async () => {
    await given(hourly('ends:1'));
    await bench.assign([hourly('ends:1', { schedule: '*/5 * * * *' })]);
    await bench.clock.turn(6 * 60_000);

    expect(brief(runs())).toEqual(['schedule/2027-01-15T08:05:00.000Z#1 succeeded']);
  });

  it('says when a run was missed because its image was not there', async () => {
    await given(hourly('late:1', { startWithin: 600 }));
    await bench.clock.turn(1.5 * HOUR);

    expect(runs()).toMatchObject([
      { outcome: 'missed', message: expect.stringContaining('image') },
    ]);
  });

  it('remembers as many runs as it says', async () => {
    await given(hourly('ends:1', { history: 3 }));
    await bench.clock.turn(9.5 * HOUR);

    expect(runs()).toHaveLength(3);
    expect(brief(runs()).at(-1)).toContain('T17:00');
  });
});

/** A person, or another program, does something to the container of a run. */
describe('a run that somebody else meddles with', () => {
  const long = () => migration('hangs:1', {}, { timeout: 60 });

  it('goes on at once when it was paused, and is under way all the while', async () => {
    await given(long());
    bench.engine.pause(WEB);
    await bench.clock.turn(500);

    expect(bench.engine.names).toEqual([WEB]);
    expect(bench.engine.count('start')).toBe(1);
    expect(shown().job).toMatchObject({ running: { attempt: 1 }, runs: [] });
  });

  it('stays paused where drift is only told, until its time is up', async () => {
    await given({ ...long(), drift: 'report' });
    bench.engine.pause(WEB);
    await bench.clock.turn(50_000);
    expect(bench.engine.names).toEqual([`${WEB} (paused)`]);
    expect(shown().job).toMatchObject({ running: { attempt: 1 } });

    await bench.clock.turn(30_000);

    expect(bench.engine.names).toEqual([]);
    expect(bench.engine.journal.filter((line) => /^(?:unpause|stop)/.test(line))).toEqual([
      `unpause ${WEB}`,
      `stop ${WEB}`,
    ]);
    expect(runs()).toMatchObject([{ outcome: 'failed' }]);
  });

  it('was paused, and is stopped for a newer spec', async () => {
    await given({ ...long(), drift: 'report' });
    bench.engine.pause(WEB);
    await bench.clock.turn(1_000);
    await bench.assign([migration('ends:2')]);
    await bench.clock.turn(30_000);

    expect(runs().map(({ outcome }) => outcome)).toEqual(['stopped', 'succeeded']);
  });

  it.each([
    ['other limits', (engine: FakeEngine) => engine.update(WEB, { Memory: 2 ** 30 })],
    ['no network', (engine: FakeEngine) => engine.disconnect(WEB)],
    ['another name', (engine: FakeEngine) => engine.renameByHand(WEB, 'mine')],
  ])('is brought to its end with %s, and nothing is said of it', async (_, deed) => {
    await given(migration('ends:1'));
    await bench.clock.turn(1_000);
    deed(bench.engine);
    await bench.clock.turn(10_000);

    expect(brief(runs()).map((text) => text.split(' ')[1])).toEqual(['succeeded']);
    expect(bench.engine.count('start')).toBe(1);
    expect(shown().drift).toBeUndefined();
    expect(bench.events).toEqual([]);
  });

  it('has failed when it was killed, and is no drift of an instance', async () => {
    await given(migration('ends:1'));
    await bench.clock.turn(1_000);
    bench.engine.kill(WEB);
    await bench.clock.turn(60_000);

    expect(runs()).toMatchObject([{ outcome: 'failed', exitCode: 137 }]);
    expect(bench.engine.count('start')).toBe(1);
    expect(shown().drift).toBeUndefined();
  });
});

/** From what the agent's directory holds, and the engine, another agent goes on. */
describe('the run of an agent that is gone', () => {
  it('is waited for by the next one', async () => {
    await given(migration('ends:1'));
    await bench.clock.turn(1_000);
    await bench.stop();
    await given(migration('ends:1'));
    expect(shown().job).toMatchObject({ running: { attempt: 1 } });
    await bench.clock.turn(6_000);

    expect(bench.engine.count('start')).toBe(1);
    expect(runs()).toMatchObject([{ outcome: 'succeeded', log: ['42 rows'] }]);
  });

  it('that ended meanwhile is written down by the next one', async () => {
    await given(migration('fails:1'));
    await bench.stop();
    await bench.clock.turn(60_000);
    await given(migration('fails:1'));
    await bench.clock.turn(60_000);

    expect(bench.engine.count('start')).toBe(1);
    expect(runs()).toMatchObject([{ outcome: 'failed', exitCode: 3, finishedAt: NOW + 5_000 }]);
    expect(PATH).toBe('shop/web-1');
  });
});
