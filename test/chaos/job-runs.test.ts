import { describe, expect, it } from 'vitest';
import type { JobStatus } from '../../src/protocol/job-api.ts';
import { migrationFaults, tickFaults } from './job-runs.ts';

type Run = JobStatus['runs'][number];

function aRun(of: Partial<Run> = {}): Run {
  return {
    id: 'schedule/60000',
    attempt: 1,
    specHash: 'a'.repeat(64),
    revision: 'sha',
    startedAt: 60_000,
    finishedAt: 61_000,
    exitCode: 0,
    outcome: 'succeeded',
    message: '',
    log: [],
    node: 'h2',
    ...of,
  };
}

const next = aRun({ id: 'schedule/120000' });
const missed = aRun({ startedAt: null, outcome: 'missed' });

describe('the runs of a job with a schedule', () => {
  it('are in order when each time has one, whether its container got to its end or not', () => {
    expect(tickFaults([aRun(), next], ['1'])).toEqual([]);
    expect(tickFaults([missed, aRun(), next], ['1', '2'])).toEqual([]);
  });

  it.each([
    ['a time has two', [aRun(), aRun({ attempt: 2 })], []],
    ['one has no entry', [aRun()], ['1', '2']],
    ['one that was missed has left something', [missed], ['1']],
  ])('are at fault when %s', (_, runs, traces) => {
    expect(tickFaults(runs, traces)).toHaveLength(1);
  });
});

describe('the runs of a migration', () => {
  const failed = aRun({ outcome: 'failed', exitCode: 137 });
  const other = aRun({ specHash: 'b'.repeat(64) });

  it('are in order when each spec has succeeded once, at whichever attempt', () => {
    expect(migrationFaults([failed, aRun({ attempt: 2 }), other], ['0', '0', '1'], 1)).toEqual([]);
  });

  it.each([
    ['a spec has succeeded twice', [aRun(), aRun({ attempt: 2 }), other], ['0', '0', '1']],
    ['one has no entry', [aRun(), other], ['0', '0', '1']],
    ['the last one has left nothing', [aRun(), other], ['0']],
  ])('are at fault when %s', (_, runs, traces) => {
    expect(migrationFaults(runs, traces, 1)).toHaveLength(1);
  });
});
