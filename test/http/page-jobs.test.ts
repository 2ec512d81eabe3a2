import { describe, expect, it } from 'vitest';
import { jobSection } from '../../src/http/page-jobs.ts';
import type { JobStatus } from '../../src/protocol/job-api.ts';
import { NOW } from './fake-operations.ts';

const run: JobStatus['runs'][number] = {
  id: `schedule/${Date.UTC(2026, 10, 26, 3)}`,
  attempt: 2,
  specHash: 'a',
  revision: 'b',
  startedAt: NOW - 90_000,
  finishedAt: NOW - 60_000,
  exitCode: 3,
  outcome: 'failed',
  message: 'the container exited with code 3',
  log: ['no <table>'],
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
  nextAt: Date.UTC(2026, 10, 27, 2),
  runs: [run],
};

const key = { token: 'secret' };

describe('the jobs of a grid', () => {
  it('are shown with their times, and their runs with how they ended', () => {
    const page = String(jobSection([backup], NOW, key));

    for (const text of [
      'shop/backup',
      '0 3 * * *',
      'next at 2026-11-27 02:00 UTC',
      'of 2026-11-26 03:00 UTC',
      'attempt 2',
      'took 30.0 s',
      'exit code 3',
      'no &lt;table&gt;',
    ])
      expect(page).toContain(text);
  });

  it('take no room where there are none', () => {
    expect(jobSection([], NOW, key)).toBeNull();
  });
});
