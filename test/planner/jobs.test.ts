import { describe, expect, it } from 'vitest';
import type { Job, ObservedJob } from '../../src/model/job.ts';
import type { AssignedId, Attempt, ObservedNode } from '../../src/model/observed.ts';
import { isConverged } from '../../src/model/plan.ts';
import { defaultPolicy, plan } from '../../src/planner/plan.ts';
import {
  aNode,
  anAttempt,
  aService,
  aSpec,
  desiring,
  NOW,
  running,
  someFacts,
} from '../support/builders.ts';

const rules = { timeout: null, retries: 0, history: 10 };
const onDeploy: Job = { kind: 'on-deploy', ...rules };
const nightly: Job = {
  kind: 'schedule',
  schedule: '0 3 * * *',
  timeZone: 'UTC',
  startWithin: 3_600,
  ...rules,
};
const migrate = aService({ name: 'migrate', specHash: 'm2', job: onDeploy });
const web = aService({
  name: 'web',
  spec: aSpec({ image: 'demo:2' }),
  specHash: 'w2',
  dependsOn: ['shop/migrate'],
});

function aJobNode(overrides: Partial<ObservedNode> = {}): ObservedNode {
  return aNode({ name: 'node-1', facts: someFacts({ jobs: true }), ...overrides });
}

const assigned = (service: string, specHash: string): AssignedId => ({
  stack: 'shop',
  service,
  number: 1,
  specHash,
  stateful: false,
});

function shown(specHash: string, job: Partial<ObservedJob> = {}, attempt: Attempt | null = null) {
  const known = { specHash, succeeded: false, running: null, nextAt: null, runs: [], ...job };
  const id = { stack: 'shop', service: 'migrate', number: 1 };
  return { ...id, current: null, attempt, job: known };
}

const planOf = (nodes: readonly ObservedNode[], services = [migrate, web]) =>
  plan({ desired: desiring(services), observed: { nodes }, now: NOW, policy: defaultPolicy });

const steps = (made: ReturnType<typeof planOf>) =>
  made.waves.map((wave) => wave.steps.map((step) => `${step.kind} ${step.service} ${step.node}`));

describe('a job of a deploy', () => {
  const oldWeb = running({ ...web, specHash: 'w1' });

  it('is placed before what depends on it', () => {
    expect(steps(planOf([aJobNode()]))).toEqual([['create migrate node-1'], ['create web node-1']]);
  });

  it('is waited for while it runs', () => {
    const node = aJobNode({
      instances: [shown('m2', {}, anAttempt({ specHash: 'm2' })), oldWeb],
      assigned: [assigned('migrate', 'm2'), assigned('web', 'w1')],
    });

    expect(steps(planOf([node]))).toEqual([['create migrate node-1'], ['replace web node-1']]);
  });

  it('lets the others go on when it has succeeded, and is then nothing to do', () => {
    const node = aJobNode({
      instances: [shown('m2', { succeeded: true }), oldWeb],
      assigned: [assigned('migrate', 'm2'), assigned('web', 'w1')],
    });

    expect(steps(planOf([node]))).toEqual([['replace web node-1']]);
    const done = aJobNode({
      instances: [shown('m2', { succeeded: true })],
      assigned: [assigned('migrate', 'm2')],
    });
    expect(isConverged(planOf([done], [migrate]))).toBe(true);
  });

  it('stops what depends on it when it has failed', () => {
    const failure = {
      code: 'job-failed',
      message: 'no',
      exitCode: 3,
      log: ['a'],
      count: 1,
    } as const;
    const attempt = anAttempt({ specHash: 'm2', phase: 'failed', failure });
    const node = aJobNode({
      instances: [shown('m2', {}, attempt), oldWeb],
      assigned: [assigned('migrate', 'm2'), assigned('web', 'w1')],
    });

    const made = planOf([node]);

    expect(steps(made)).toEqual([]);
    expect(made.halted).toMatchObject([{ service: 'migrate', failure }]);
    expect(made.waiting).toMatchObject([
      { service: 'web', reason: 'waits for shop/migrate, whose rollout stopped' },
    ]);
  });

  it('runs again with a new spec only', () => {
    const node = aJobNode({
      instances: [shown('m1', { succeeded: true })],
      assigned: [assigned('migrate', 'm1')],
    });

    const [wave] = planOf([node], [migrate]).waves;

    expect(wave?.steps).toMatchObject([
      { kind: 'create', specHash: 'm2', reason: 'spec changed (m1 → m2)' },
    ]);
  });

  it('that a node shows is there, also for a master that has lost its memory', () => {
    const node = aJobNode({ instances: [shown('m2', { succeeded: true })] });

    expect(isConverged(planOf([node, aJobNode({ name: 'node-2' })], [migrate]))).toBe(true);
  });
});

describe('a job', () => {
  const job = aService({ name: 'migrate', specHash: 'm2', job: nightly });
  const observed = (more: Partial<ObservedJob> = {}) =>
    aJobNode({ instances: [shown('m2', more)], assigned: [assigned('migrate', 'm2')] });

  it('with a schedule is as it should be when its node knows it', () => {
    expect(isConverged(planOf([observed()], [job]))).toBe(true);
  });

  it('is given to no node whose agent would take it for a service', () => {
    const [blocked] = planOf([aNode({ name: 'old' })], [job]).blocked;

    expect(blocked?.excluded).toMatchObject([
      { filter: 'jobs', nodes: ['old'], reason: 'its agent is too old for jobs' },
    ]);
    expect(steps(planOf([aNode({ name: 'a-old' }), aJobNode()], [job]))).toEqual([
      ['create migrate node-1'],
    ]);
  });

  it('does not keep services without one from such nodes', () => {
    const plain = aService({ name: 'plain' });

    expect(steps(planOf([aNode({ name: 'old' })], [plain, job])).flat()).toEqual([
      'create plain old',
    ]);
  });

  it('leaves a node that is drained when its run has ended', () => {
    const run = { id: 'schedule/1', attempt: 1, startedAt: NOW };
    const other = aJobNode({ name: 'node-2' });
    const draining = (more: Partial<ObservedJob>): ObservedNode => ({
      ...observed(more),
      availability: 'drain',
    });

    expect(isConverged(planOf([draining({ running: run }), other], [job]))).toBe(true);
    expect(steps(planOf([draining({}), other], [job])).flat()).toContain('create migrate node-2');
  });
});
