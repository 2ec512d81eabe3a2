import { describe, expect, it } from 'vitest';
import { Fleet } from '../../src/master/fleet.ts';
import { withJob, withRetry } from '../../src/master/job-assignment.ts';
import { JobBook, type KnownRun } from '../../src/master/job-book.ts';
import { pruneJobs } from '../../src/master/job-runs.ts';
import type { Stack } from '../../src/model/grid.ts';
import { dueId, requestId, type ScheduledJob } from '../../src/model/job.ts';
import { openStore } from '../../src/store/store.ts';
import { web } from '../agent/bench.ts';
import { aGrid, aService, aStack, NOW } from '../support/builders.ts';

const HOUR = 3_600_000;
const nightly: ScheduledJob = {
  kind: 'schedule',
  schedule: '0 3 * * *',
  timeZone: 'UTC',
  startWithin: 3_600,
  timeout: null,
  retries: 0,
  history: 2,
};

function aRun(id: string, finishedAt: number): KnownRun {
  return {
    grid: 'demo',
    service: 'shop/web',
    node: 'node-1',
    id,
    attempt: 1,
    specHash: 'a',
    revision: 'b',
    startedAt: finishedAt - 1_000,
    finishedAt,
    exitCode: 0,
    outcome: 'succeeded',
    message: '',
    log: ['done'],
  };
}

describe('what is known of the runs of jobs', () => {
  it('is each run once, and the last due time', () => {
    const book = new JobBook();
    const [first, second] = [aRun(dueId(NOW), NOW + 9_000), aRun(dueId(NOW + HOUR), NOW + HOUR)];
    book.add([second, first]);

    expect(book.newsAmong([first, second])).toEqual([]);
    expect(book.runs('demo', 'shop/web')).toEqual([first, second]);
    expect(book.lastDue('demo', 'shop/web')).toBe(NOW + HOUR);
    expect(book.lastDue('other', 'shop/web')).toBeNull();
  });

  it('is asked for until it has been run', () => {
    const book = new JobBook();
    book.ask('demo', 'shop/web', 'now');
    expect(book.asked('demo', 'shop/web')).toBe('now');

    book.add([aRun(requestId('now'), NOW)]);

    expect(book.asked('demo', 'shop/web')).toBeUndefined();
  });

  it('is in the store, and trimmed there to the newest', async () => {
    const store = await openStore({ path: ':memory:' });
    const runs = [1, 2, 3].map((hour) => aRun(dueId(NOW + hour * HOUR), NOW + hour * HOUR));
    await store.jobRuns.put(runs);
    await store.jobRuns.put(runs);
    expect(await store.jobRuns.list('demo')).toEqual(runs);

    await store.jobRuns.trim({ grid: 'demo', service: 'shop/web', keep: 2 });

    expect(await store.jobRuns.list('demo')).toEqual(runs.slice(1));
    expect(await store.jobRuns.grids()).toEqual(['demo']);
    await store.close();
  });
});

describe('the runs of a job', () => {
  const job = { ...nightly, history: 2 };
  const stack = aStack({ services: [aService({ job })] });
  const runs = [1, 2, 3].map((hour) => aRun(dueId(NOW + hour * HOUR), NOW + hour * HOUR));

  async function left(of: { readonly own?: Stack[]; readonly visiting?: Stack[] }) {
    const store = await openStore({ path: ':memory:' });
    const fleet = new Fleet();
    fleet.jobs.add(runs);
    await store.jobRuns.put(runs);
    const good = { grid: 'demo', sha: 'a1', inputs: 'i', gridDefinition: aGrid(), held: [] };
    await store.revisions.putGood({ ...good, stacks: of.own ?? [], at: NOW });
    await pruneJobs({ store, fleet, visiting: () => of.visiting ?? [] });
    const stored = await store.jobRuns.list('demo');
    await store.close();
    return { stored: stored.length, known: fleet.jobs.newsAmong(runs).length === 0 };
  }

  it('are remembered as the branch, or an open pull request, wants it, and else forgotten', async () => {
    expect(await left({ own: [stack] })).toEqual({ stored: 2, known: true });
    expect(await left({ visiting: [stack] })).toEqual({ stored: 2, known: true });
    expect(await left({})).toEqual({ stored: 0, known: false });
  });
});

describe('what a node is told of a job', () => {
  const instance = web('web:1');
  const service = aService({ name: 'web', specHash: instance.specHash, job: nightly });
  const wishes = { asked: () => undefined, from: () => NOW - HOUR, now: NOW };
  const first = withJob(instance, service, { wishes, before: undefined });

  it('is up to when due times have been dealt with, and stays the same', () => {
    expect(first.job).toEqual({ rules: nightly, from: NOW - HOUR });
    expect(withJob(first, service, { wishes, before: first.job })).toBe(first);
  });

  it('begins anew with another schedule, and goes on with any other rule', () => {
    const at = (job: Partial<ScheduledJob>) =>
      withJob(first, { ...service, job: { ...nightly, ...job } }, { wishes, before: first.job }).job
        ?.from;

    expect(at({ schedule: '0 4 * * *' })).toBe(NOW);
    expect(at({ timeout: 60 })).toBe(NOW - HOUR);
  });

  it('leaves the rules of an older spec with it', () => {
    const newer = { ...service, specHash: 'newer', job: { ...nightly, timeout: 60 } };

    expect(withJob(first, newer, { wishes, before: first.job })).toBe(first);
  });

  it('is to try again only what has to succeed', () => {
    expect(withRetry(first, '7')).toBe(first);
    const rules = { kind: 'on-deploy', timeout: null, retries: 0, history: 10 } as const;
    const migration = { ...instance, job: { rules, from: NOW } };
    expect(withRetry(migration, '7').job).toMatchObject({ retry: '7' });
  });
});
