import { describe, expect, it } from 'vitest';
import type { GridError } from '../../src/model/error.ts';
import type { Plan as ModelPlan } from '../../src/model/plan.ts';
import { decodeReply } from '../../src/protocol/api.ts';
import { Deploy, DeploySummary } from '../../src/protocol/deploy-api.ts';
import { GridList } from '../../src/protocol/grid-api.ts';
import { CurrentPlan } from '../../src/protocol/plan-api.ts';
import { Update } from '../../src/protocol/update-api.ts';

const summary: DeploySummary = {
  id: '01JD8Z2Q7V',
  grid: 'production',
  sha: 'a'.repeat(40),
  phase: 'running',
  trigger: 'webhook',
  actor: null,
  message: '1/3 instances updated',
  progress: { updated: 1, wanted: 3 },
  problemCount: 0,
  createdAt: 1,
  finishedAt: null,
  supersededBy: null,
};

const plan: ModelPlan = {
  grid: 'production',
  revision: 'a'.repeat(40),
  waves: [
    {
      steps: [
        {
          kind: 'replace',
          stack: 'shop',
          service: 'web',
          number: 1,
          node: 'web-1',
          reason: 'image',
          specHash: 'b',
          from: 'a',
          mode: 'start-first',
        },
        {
          kind: 'remove',
          stack: 'a',
          service: 'b',
          number: 1,
          node: 'n',
          reason: 'r',
          stateful: true,
        },
      ],
    },
  ],
  blocked: [
    {
      stack: 'a',
      service: 'b',
      number: 2,
      reason: 'none',
      excluded: [{ filter: 'port', nodes: ['n'], reason: 'taken' }],
    },
  ],
  halted: [
    {
      stack: 'a',
      service: 'b',
      number: 3,
      node: 'n',
      failure: { code: 'container-exited', message: 'm', exitCode: 1, log: ['l'], count: 2 },
      remaining: 1,
    },
  ],
  waiting: [{ stack: 'a', service: 'b', number: 4, reason: 'r' }],
  warnings: ['w'],
  confirmation: { reason: 'r', removes: ['a/b-1'] },
  wanted: 4,
  hash: 'h',
};

function fault(read: () => unknown): GridError {
  try {
    read();
  } catch (error) {
    return error as GridError;
  }
  throw new Error('nothing was thrown');
}

describe('decodeReply', () => {
  it('takes a plan of the model as it is', () => {
    const reply: CurrentPlan = { plan, text: 'one wave', converged: false };
    expect(decodeReply(CurrentPlan, JSON.parse(JSON.stringify(reply)))).toEqual(reply);
  });

  it('takes a whole deploy with its problems and timeline', () => {
    const deploy: Deploy = {
      ...summary,
      plan,
      planText: null,
      remaining: null,
      problems: [
        {
          severity: 'error',
          code: 'unknown-key',
          message: 'no',
          position: { file: 'grids/a/grid.yml', line: 1, column: 2 },
          help: 'docs/grid-repository.md#unknown-key',
        },
      ],
      timeline: [{ at: 1, severity: 'info', kind: 'queued', path: '', message: 'push' }],
    };
    expect(decodeReply(Deploy, deploy)).toEqual(deploy);
  });

  it('ignores fields that a newer master may send', () => {
    const value = { ...summary, weather: 'fine' };
    expect(decodeReply(DeploySummary, value)).toMatchObject({ id: summary.id });
  });

  it('names the first fault of something else and says what to compare', () => {
    const error = fault(() => decodeReply(DeploySummary, { ...summary, phase: 'dancing' }));
    expect(error.code).toBe('protocol-violation');
    expect(error.message).toContain('/phase');
    expect(error.hint).toContain('--version');
  });

  it('refuses an answer that is not an object at all', () => {
    expect(fault(() => decodeReply(GridList, '<html>')).code).toBe('protocol-violation');
  });

  it.each<Update>([
    { kind: 'deploy', deploy: summary },
    { kind: 'grid', grid: 'production' },
    {
      kind: 'event',
      event: {
        id: '1',
        at: 1,
        grid: 'production',
        severity: 'warning',
        kind: 'node-offline',
        path: 'web-1',
        message: 'gone',
        actor: null,
      },
    },
  ])('takes the update $kind', (update) => {
    expect(decodeReply(Update, update)).toEqual(update);
  });
});
