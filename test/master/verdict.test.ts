import { describe, expect, it } from 'vitest';
import { judge } from '../../src/master/verdict.ts';
import type { Plan, Step } from '../../src/model/plan.ts';
import type { Problem } from '../../src/model/problem.ts';
import { aFailure, aPlan } from '../support/builders.ts';

const id = { stack: 'shop', service: 'web', number: 1 };
const create: Step = {
  ...id,
  kind: 'create',
  node: 'node-1',
  reason: 'no container',
  specHash: 'a',
};
const problem: Problem = {
  severity: 'error',
  code: 'unknown-key',
  message: "unknown key 'imge'",
  position: { file: 'grids/demo/stacks/shop/kontena.yml', line: 3, column: 5 },
};

function verdict(
  plan: Plan,
  input: {
    problems?: Problem[];
    refused?: Record<string, string>;
    elapsed?: number;
    hasNodes?: boolean;
  } = {},
) {
  const { problems = [], refused = {}, elapsed = 0, hasNodes = true } = input;
  const refusals = new Map(Object.entries(refused).map(([node, reason]) => [node, { reason }]));
  return judge({ plan, problems, refusals, hasNodes, elapsed, timeout: 60_000 });
}

describe('the verdict on a deploy', () => {
  it('is success when nothing is left to do', () => {
    expect(verdict(aPlan())).toMatchObject({ phase: 'succeeded', remaining: 0 });
  });

  it('is failure when nothing is left to do but a stack was held back by its problems', () => {
    expect(verdict(aPlan(), { problems: [problem] })).toMatchObject({
      phase: 'failed',
      message: "unknown key 'imge'",
    });
  });

  it('is not failure for a mere warning', () => {
    const warning: Problem = { ...problem, severity: 'warning' };

    expect(verdict(aPlan(), { problems: [warning] }).phase).toBe('succeeded');
  });

  it('goes on while steps are left, also when another service has stopped', () => {
    const halted = [{ ...id, service: 'db', node: 'node-1', failure: aFailure(), remaining: 2 }];

    const running = verdict(aPlan({ waves: [{ steps: [create] }], halted }));

    expect(running.phase).toBe('running');
    expect(running.remaining).toBe(4);
  });

  it('says what an instance waits for that is under way, and of no other', () => {
    const other = { ...id, number: 2, reason: 'node node-2 is offline' };
    const waiting = [other, { ...id, reason: 'waits for its image' }];

    const running = verdict(aPlan({ waves: [{ steps: [create] }], waiting }));
    expect(running).toMatchObject({
      phase: 'running',
      message: 'shop/web-1: waits for its image',
      remaining: 2,
    });

    expect(verdict(aPlan({ waves: [{ steps: [create] }], waiting: [other] })).message).toBe('');
  });

  it('is failure with the instance, the node and the reason once only the stopped rollout is left', () => {
    const halted = [{ ...id, node: 'node-1', failure: aFailure(), remaining: 0 }];

    expect(verdict(aPlan({ halted }))).toMatchObject({
      phase: 'failed',
      message: 'shop/web-1 on node-1: exited with code 1: fatal: no database',
    });
  });

  it('says why what should be rolled back is not', () => {
    const failure = aFailure({ log: [] });
    const notRolledBack = 'it needs the volume data';
    const halted = [{ ...id, node: 'node-1', failure, remaining: 0, notRolledBack }];

    expect(verdict(aPlan({ halted })).message).toBe(
      'shop/web-1 on node-1: exited with code 1; not rolled back: it needs the volume data',
    );
  });

  describe('that was rolled back', () => {
    const failure = aFailure({ log: [] });
    const back = { node: 'node-1', failure, specHash: 'bad', revision: 'abc', instances: 2 };
    const rolledBack = [{ ...id, ...back }];
    const message = 'rolled back, diverges from git: shop/web-1 on node-1: exited with code 1';

    it('goes on until the last good spec runs, and then is failure: git has not got its way', () => {
      const under = verdict(aPlan({ waves: [{ steps: [create] }], rolledBack }));
      expect(under).toMatchObject({
        phase: 'running',
        message: 'rolls back: shop/web-1 on node-1: exited with code 1',
        remaining: 3,
      });

      const done = verdict(aPlan({ rolledBack }));
      expect(done).toMatchObject({ phase: 'failed', message, remaining: 2 });
    });

    it('ends with its time, wherever it is', () => {
      const made = aPlan({ waves: [{ steps: [create] }], rolledBack });
      expect(verdict(made, { elapsed: 60_000 })).toMatchObject({ phase: 'failed', message });
    });

    it('ends also while what depends on it waits', () => {
      const waiting = [{ ...id, service: 'api', reason: 'waits for shop/web' }];
      expect(verdict(aPlan({ waiting, rolledBack }))).toMatchObject({ phase: 'failed', message });
    });

    it('still asks for what needs a confirmation', () => {
      const confirmation = { reason: 'removes 4 of 5 instances', removes: ['shop/old-1'] };
      const waiting = [{ ...id, service: 'old', reason: 'waits for confirmation' }];
      expect(verdict(aPlan({ confirmation, waiting, rolledBack })).phase).toBe('held');
    });

    it('says so when that fails as well', () => {
      const halted = [{ ...id, node: 'node-1', failure, remaining: 0 }];
      expect(verdict(aPlan({ halted, rolledBack })).message).toBe(
        'rolled back, and what served before fails as well: shop/web-1 on node-1: exited with code 1',
      );
    });
  });

  it('is failure with the reason when all that is left is for nodes that could not be assigned it', () => {
    const other: Step = { ...create, number: 2, node: 'node-2' };
    const refused = { 'node-1': 'the assignment of node node-1 is too large' };

    const both = verdict(aPlan({ waves: [{ steps: [create, other] }] }), { refused });
    const alone = verdict(aPlan({ waves: [{ steps: [create] }, { steps: [other] }] }), { refused });

    expect(both.phase).toBe('running');
    expect(alone).toMatchObject({
      phase: 'failed',
      message: 'the assignment of node node-1 is too large',
      remaining: 2,
    });
  });

  it('is held while a confirmation is all that is missing', () => {
    const confirmation = { reason: 'removes 4 of 5 instances', removes: ['shop/web-1'] };
    const waiting = [{ ...id, reason: 'waits for confirmation' }];

    expect(verdict(aPlan({ confirmation, waiting }))).toMatchObject({
      phase: 'held',
      message: 'removes 4 of 5 instances',
    });
  });

  it.each([
    ['no node can take', { blocked: [{ ...id, reason: 'no node can take it', excluded: [] }] }],
    ['has failed', { halted: [{ ...id, node: 'node-1', failure: aFailure(), remaining: 0 }] }],
  ])('is held, and says what else there is, while an instance %s', (_, obstacle) => {
    const confirmation = { reason: 'removes stateful shop/db-1', removes: ['shop/db-1'] };
    const waiting = [{ ...id, service: 'db', reason: 'waits for confirmation' }];

    const held = verdict(aPlan({ confirmation, waiting, ...obstacle }));

    expect(held.phase).toBe('held');
    expect(held.message).toMatch(/^removes stateful shop\/db-1; and shop\/web-1/);
    expect(verdict(aPlan(obstacle)).phase).toBe('failed');
  });

  it('waits for the first node instead of failing, up to the timeout', () => {
    const blocked = [{ ...id, reason: 'no node', excluded: [] }];

    expect(verdict(aPlan({ blocked }), { hasNodes: false }).phase).toBe('running');
    expect(verdict(aPlan({ blocked }), { hasNodes: true }).phase).toBe('failed');
    expect(verdict(aPlan({ blocked }), { hasNodes: false, elapsed: 60_000 }).phase).toBe('failed');
  });

  it('is failure after the timeout, and says what it was waiting for', () => {
    const plan = aPlan({ waves: [{ steps: [{ ...create, reason: 'starting' }] }] });

    expect(verdict(plan, { elapsed: 60_000 })).toMatchObject({
      phase: 'failed',
      message: 'not converged after 60 s: shop/web-1 on node-1: starting',
    });
  });
});
