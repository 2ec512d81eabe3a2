import { describe, expect, it } from 'vitest';
import type { Assignment } from '../../src/model/assignment.ts';
import type { AssignedJob } from '../../src/model/job.ts';
import { decodeAssignment, wireAssignment } from '../../src/protocol/codec.ts';
import { web } from '../agent/bench.ts';
import { NOW } from '../support/builders.ts';

const job: AssignedJob = {
  rules: {
    kind: 'schedule',
    schedule: '0 3 * * *',
    timeZone: 'Europe/Berlin',
    startWithin: 3_600,
    timeout: null,
    retries: 0,
    history: 10,
  },
  from: NOW,
  request: 'a',
  retry: '3',
};
const assignment: Assignment = {
  grid: 'demo',
  node: 'node-1',
  generation: 1,
  roster: ['node-1'],
  instances: [web('a:1', { service: 'backup', job }), web('b:1')],
  kept: [],
};

describe('jobs in an assignment', () => {
  it('survive their way, in the order of instances', () => {
    expect(decodeAssignment(JSON.stringify(wireAssignment(assignment)))).toEqual(assignment);
  });

  it('are not among the instances, where an agent that knows of none would take them for services', () => {
    const { instances, jobs } = wireAssignment(assignment);

    expect(instances.map(({ service }) => service)).toEqual(['web']);
    expect(jobs?.map(({ service }) => service)).toEqual(['backup']);
  });

  it.each([
    { history: 0 },
    { retries: 101 },
    { timeout: -1 },
    { kind: 'often' },
    { schedule: 'x'.repeat(256) },
  ])('are refused with %j', (wrong) => {
    const wire = wireAssignment(assignment);
    const [first] = wire.jobs ?? [];
    const broken = { ...first, job: { ...job, rules: { ...job.rules, ...wrong } } };

    expect(() => decodeAssignment(JSON.stringify({ ...wire, jobs: [broken] }))).toThrow('jobs');
  });
});
