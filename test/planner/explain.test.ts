import { describe, expect, test } from 'vitest';
import { explainPlan, summarise } from '../../src/planner/explain.ts';
import {
  aFailure,
  aNode,
  aNodeRunning,
  anAffinity,
  anAttempt,
  anObservedInstance,
  aPlan,
  aPort,
  aService,
  aSpec,
  assigned,
} from '../support/builders.ts';
import { planOf } from './planning.ts';

const old = { specHash: 'aaaaaaaaaaaaaaaa' };

/** Something of everything. */
function anEventfulPlan() {
  const db = aService({ name: 'db', stateful: true });
  const web = aService({
    instances: 2,
    spec: aSpec({ ports: [aPort(80)] }),
    specHash: 'b'.repeat(16),
  });
  const api = aService({ name: 'api', instances: 3, affinity: [anAffinity('label==ssd')] });
  const job = aService({ name: 'job', dependsOn: ['shop/bad'] });
  const bad = aService({ name: 'bad', instances: 2 });
  const failure = aFailure({
    count: 3,
    log: ['listening', '\u001b[31mfatal:\u001b[0m no database'],
  });
  const nodes = [
    aNodeRunning('a', [
      [db, 1],
      [{ ...web, ...old }, 1],
      [aService({ stack: 'old' }), 1],
    ]),
    aNodeRunning('b', [
      [db, 2],
      [{ ...web, ...old }, 2],
      [aService({ stack: 'old' }), 2],
    ]),
    aNode({
      name: 'c',
      instances: [
        anObservedInstance({
          service: 'bad',
          current: null,
          attempt: anAttempt({ specHash: bad.specHash, phase: 'failed', failure }),
        }),
      ],
      assigned: [assigned(bad)],
    }),
  ];
  return planOf({ services: [db, web, api, job, bad], nodes, grid: { pruneBudget: 0.5 } });
}

describe('a plan as text', () => {
  test('tells everything, what destroys first', () => {
    const made = anEventfulPlan();
    const text = explainPlan(made).replace(made.hash.slice(0, 12), 'HASH');
    expect(text).toMatchInlineSnapshot(`
      "Plan HASH for demo at 3f2a9c1: 2 to replace; 1 rollout stopped; 3 blocked; 4 waiting; needs confirmation

      Needs confirmation: removes stateful shop/db-2
        - old/web-1
        - old/web-2
        - shop/db-2

      Wave 1
        ~ shop/web-1 on a: spec changed (aaaaaaa → bbbbbbb) (stops the old one first: both need port 80/tcp of the node)

      Wave 2
        ~ shop/web-2 on b: spec changed (aaaaaaa → bbbbbbb) (stops the old one first: both need port 80/tcp of the node)

      Stopped
        shop/bad-1 on c: exited with code 1 (container-exited, exit code 1, 3 times); 1 more step not taken
            | listening
            | [31mfatal: [0m no database

      Blocked
        shop/api-1, shop/api-2, shop/api-3: no node can take it: label==ssd not satisfied (a, b, c)
            affinity: label==ssd not satisfied (a, b, c)

      Waiting
        old/web-1: waits for confirmation
        old/web-2: waits for confirmation
        shop/db-2: waits for confirmation
        shop/job-1: waits for shop/bad, whose rollout stopped"
    `);
  });

  test('has the removals before all else when they are confirmed', () => {
    const made = planOf({
      services: [aService({ specHash: 'b'.repeat(16) })],
      nodes: [
        aNodeRunning('a', [
          [{ ...aService(), ...old }, 1],
          [aService({ stack: 'old' }), 1],
        ]),
      ],
    });
    expect(explainPlan(made).replace(made.hash.slice(0, 12), 'HASH')).toMatchInlineSnapshot(`
      "Plan HASH for demo at 3f2a9c1: 1 to replace, 1 to remove

      Removes
        - old/web-1 on a, wave 2: removed from the grid repository

      Wave 1
        ~ shop/web-1 on a: spec changed (aaaaaaa → bbbbbbb) (starts the new one first)"
    `);
  });

  test('is one line when there is nothing to do', () => {
    expect(explainPlan(aPlan())).toBe('Plan b10cb10cb10c for demo at 3f2a9c1: nothing to do');
  });

  test('never holds what could move the cursor of a terminal', () => {
    expect(explainPlan(anEventfulPlan())).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
  });

  test('stays readable when it is about thousands of instances', () => {
    const many = planOf({ services: [aService({ instances: 5_000 })], nodes: [aNode()] });
    const lines = explainPlan(many).split('\n');
    expect(lines.length).toBeLessThan(210);
    expect(lines.at(-1)).toBe('  … 4800 more lines');
  });
});

describe('a plan on one line', () => {
  test('counts its steps, and what is not done', () => {
    expect(summarise(anEventfulPlan())).toBe(
      '2 to replace; 1 rollout stopped; 3 blocked; 4 waiting; needs confirmation',
    );
  });

  test('leaves out what there is none of', () => {
    const made = planOf({ services: [aService({ instances: 2 })], nodes: [aNode()] });
    expect(summarise(made)).toBe('2 to create');
  });

  test('says so when there is nothing to do', () => {
    expect(summarise(aPlan())).toBe('nothing to do');
  });
});
