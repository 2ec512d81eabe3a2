import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { timestamp } from '../../src/cli/output.ts';
import { GridError } from '../../src/model/error.ts';
import type { JobStatus } from '../../src/protocol/job-api.ts';
import { NOW } from '../http/fake-operations.ts';
import { startServer, type TestServer, TOKEN } from '../http/test-server.ts';
import { type CliResult, EXIT, runGridops } from './test-cli.ts';

const DUE = Date.UTC(2026, 10, 26, 2);
const NEXT = Date.UTC(2026, 10, 27, 2);

const failed: JobStatus['runs'][number] = {
  id: `schedule/${DUE}`,
  attempt: 2,
  specHash: 'a'.repeat(16),
  revision: 'b'.repeat(40),
  startedAt: DUE + 1_000,
  finishedAt: DUE + 91_000,
  exitCode: 3,
  outcome: 'failed',
  message: 'the container exited with code 3',
  log: ['connecting', 'no such table'],
  node: 'web-1',
};
const backup: JobStatus = {
  grid: 'production',
  stack: 'shop',
  service: 'backup',
  kind: 'schedule',
  schedule: '0 3 * * *',
  timeZone: 'Europe/Berlin',
  node: 'web-1',
  running: null,
  nextAt: NEXT,
  runs: [failed],
};
const migrate: JobStatus = {
  ...backup,
  service: 'migrate',
  kind: 'on-deploy',
  schedule: null,
  timeZone: null,
  node: null,
  nextAt: null,
  runs: [],
};

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});

beforeEach(() => server.reset());

afterAll(async () => {
  await server.close();
});

function run(...args: readonly string[]): Promise<CliResult> {
  return runGridops(args, { env: { GRIDOPS_URL: server.url, GRIDOPS_API_TOKEN: TOKEN } });
}

async function jobsOf(...jobs: JobStatus[]): Promise<string> {
  server.operations.jobList = jobs;
  const { code, out } = await run('jobs', 'production');
  expect(code).toBe(EXIT.done);
  return out;
}

describe('gridops jobs', () => {
  it('lists when jobs run, where, and how their last runs ended, with the last lines of a failure', async () => {
    expect(await jobsOf(backup, migrate)).toBe(
      [
        `shop/backup  0 3 * * * (Europe/Berlin) · on web-1 · next at ${timestamp(NEXT)}`,
        'ENDED                RUN                         RESULT  EXIT  TOOK   NODE   WHY',
        `${timestamp(DUE + 91_000)}  of ${timestamp(DUE)} (2)  failed  3     1 min  web-1  the container exited with code 3`,
        '  | connecting',
        '  | no such table',
        '',
        'shop/migrate  with deploys · on no node',
        'It has not run yet.',
        '',
      ].join('\n'),
    );
  });

  it('says what runs now', async () => {
    const running = { id: 'request/a', attempt: 1, startedAt: NOW - 120_000 };

    expect(await jobsOf({ ...backup, running })).toContain('· running since 2 min');
  });

  it.each([
    [`request/a`, 'asked for'],
    [`deploy/${'a'.repeat(16)}`, 'deploy'],
  ])('says what a run was for: %s', async (id, text) => {
    const runs = [{ ...failed, id, attempt: 1 }];
    expect(await jobsOf({ ...backup, runs })).toMatch(new RegExp(`:31  ${text} +failed`));
  });

  it('shows of a run that was never started neither a duration nor an exit code', async () => {
    const missed = { outcome: 'missed', startedAt: null, exitCode: null, log: [] } as const;

    expect(await jobsOf({ ...backup, runs: [{ ...failed, ...missed }] })).toMatch(
      /missed +- +- +web-1/,
    );
  });

  it('leaves out the lines of a failure that is made good', async () => {
    const good = { ...failed, attempt: 3, outcome: 'succeeded', exitCode: 0, message: '' } as const;

    expect(await jobsOf({ ...backup, runs: [good, failed] })).not.toContain('no such table');
  });

  it('says so where there are none', async () => {
    expect(await jobsOf()).toBe('No jobs. A service with the key "job" is one.\n');
  });

  it('prints JSON', async () => {
    server.operations.jobList = [backup];

    const { out } = await run('jobs', 'production', '--json');

    expect(JSON.parse(out)).toEqual({ jobs: [backup] });
  });

  it('fails for a grid that is not there', async () => {
    const { code, err } = await run('jobs', 'staging');

    expect(code).toBe(EXIT.failed);
    expect(err).toContain("there is no grid 'staging'");
  });
});

describe('gridops job run', () => {
  it('runs a job now', async () => {
    const { code, out } = await run('job', 'run', 'production', 'shop/backup');

    expect(code).toBe(EXIT.done);
    expect(out).toBe('shop/backup runs on web-1; `gridops jobs production` shows how it ends\n');
    expect(server.operations.calls).toContain('run production shop/backup');
  });

  it('says that it waits for the run that is under way', async () => {
    server.operations.isWaiting = true;

    const { out } = await run('job', 'run', 'production', 'shop/backup');

    expect(out).toBe('shop/backup is running on web-1: it is run once more when that has ended\n');
  });

  it('prints JSON', async () => {
    const { out } = await run('job', 'run', 'production', 'shop/backup', '--json');

    expect(JSON.parse(out)).toEqual({ id: 'request/now', node: 'web-1', isWaiting: false });
  });

  it('says why a job cannot run', async () => {
    const message = 'the job shop/backup is on node web-1, which is offline';
    server.operations.refusal = new GridError({ code: 'invalid-request', message });

    const { code, err } = await run('job', 'run', 'production', 'shop/backup');

    expect(code).not.toBe(EXIT.done);
    expect(err).toContain(message);
  });

  it.each(['backup', 'shop/', 'shop/backup/1'])(
    'asks nobody for what is no stack/service: %s',
    async (job) => {
      const { code, err } = await run('job', 'run', 'production', job);

      expect(code).not.toBe(EXIT.done);
      expect(err).toContain(`${job} is no job`);
      expect(server.operations.calls).toEqual([]);
    },
  );
});
