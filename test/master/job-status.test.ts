import { beforeEach, describe, expect, it } from 'vitest';
import { Fleet, type FleetNode, unheard } from '../../src/master/fleet.ts';
import { jobStatuses, requestRun } from '../../src/master/job-status.ts';
import { prepareDesired } from '../../src/master/prepare.ts';
import type { RunInProgress } from '../../src/model/job.ts';
import { web } from '../agent/bench.ts';
import { aService, desiring, NOW } from '../support/builders.ts';

const rules = { kind: 'on-deploy', timeout: null, retries: 0, history: 2 } as const;
const service = aService({ job: rules });
const clock = { now: () => NOW, sleep: async () => await Promise.resolve() };
const running: RunInProgress = { id: 'request/a', attempt: 1, startedAt: NOW };

let fleet: Fleet;
let wakes: number;

beforeEach(() => {
  fleet = new Fleet();
  wakes = 0;
});

/** A node that has been given the job. */
function give(overrides: Partial<FleetNode> = {}, run: RunInProgress | null = null): void {
  const job = { specHash: 'a', succeeded: false, running: run, nextAt: null, runs: [] };
  fleet.put({
    ...unheard({ grid: 'demo', name: 'node-1', now: NOW }),
    online: true,
    observed: true,
    instances: [{ stack: 'shop', service: 'web', number: 1, current: null, attempt: null, job }],
    assignment: {
      grid: 'demo',
      node: overrides.name ?? 'node-1',
      generation: 1,
      roster: [],
      instances: [web('web:1', { job: { rules, from: NOW } })],
      kept: [],
    },
    ...overrides,
  });
}

const silent = { state: 'silent', since: NOW, reason: 'no answer', disk: null } as const;

const shown = () => jobStatuses('demo', [service, aService({ name: 'other' })], fleet);

function ask(path = 'shop/web') {
  const controller = {
    view: { all: prepareDesired(desiring([service, aService({ name: 'other' })])) },
    wake: () => {
      wakes += 1;
    },
    idle: async () => await Promise.resolve(),
  };
  return requestRun({ controller, fleet, clock }, { grid: 'demo', service: path });
}

describe('what is shown of jobs', () => {
  it('is each job, where it is and what it is at', () => {
    give({}, running);

    expect(shown()).toMatchObject([{ service: 'web', node: 'node-1', running, runs: [] }]);
  });

  it.each([
    ['is offline', { online: false }],
    ['has a silent engine', { engine: silent }],
  ])('is no run on a node that %s', (_, trouble) => {
    give(trouble, running);

    expect(shown()).toMatchObject([{ node: 'node-1', running: null }]);
  });

  it('is the node that is heard of, while another one has it still', () => {
    give({ engine: silent });
    give({ name: 'node-2' });

    expect(shown()).toMatchObject([{ node: 'node-2' }]);
  });
});

describe('a run that is asked for', () => {
  it('is in the next assignment of its node', async () => {
    give({}, running);

    const { id, node, isWaiting } = await ask();

    expect({ node, isWaiting, wakes }).toEqual({ node: 'node-1', isWaiting: true, wakes: 1 });
    expect(`request/${fleet.jobs.asked('demo', 'shop/web') ?? ''}`).toBe(id);
  });

  it.each([
    ['is offline', { online: false }, 'offline'],
    ['has a silent engine', { engine: silent }, 'an engine that does not answer'],
  ])('is refused when its node %s', async (_, trouble, text) => {
    give(trouble);

    await expect(ask()).rejects.toThrow(text);
    expect(fleet.jobs.asked('demo', 'shop/web')).toBeUndefined();
  });

  it('is refused without a node, and of what is no job', async () => {
    await expect(ask()).rejects.toThrow('is on no node');
    await expect(ask('shop/other')).rejects.toThrow('grid demo has no job shop/other');
  });
});
