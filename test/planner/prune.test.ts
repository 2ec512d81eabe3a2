import { describe, expect, test } from 'vitest';
import type { Service } from '../../src/model/grid.ts';
import { isConverged } from '../../src/model/plan.ts';
import { isCovered } from '../../src/planner/prune.ts';
import {
  aNode,
  aNodeRunning,
  anAttempt,
  aService,
  assigned,
  NOW,
  running,
} from '../support/builders.ts';
import { confirmedPlanOf, planOf, waits, waves } from './planning.ts';

const web = aService({ instances: 10 });

function tenOf(service: Service) {
  return aNodeRunning(
    'a',
    Array.from({ length: 10 }, (_, at) => [service, at + 1] as const),
  );
}

describe('the prune budget', () => {
  test.each([
    [10, 0.3, 7, true],
    [10, 0.3, 6, false],
    [10, 0, 9, true],
    [10, 0, 8, false],
    [10, 1, 0, true],
    [10, 0.7, 3, true],
  ])('of %i instances at %d down to %i is kept: %s', (_, pruneBudget, instances, kept) => {
    const services = [{ ...web, instances }];
    const made = planOf({ services, nodes: [tenOf(web)], grid: { pruneBudget } });
    expect(made.confirmation === null).toBe(kept);
    expect(made.waves.length > 0).toBe(kept);
  });

  test('does not count what never ran: a revert of a broken service is no loss', () => {
    const broken = aService({ name: 'broken', instances: 8 });
    const ids = Array.from({ length: 8 }, (_, at) => assigned(broken, at + 1));
    const nodes = [tenOf(web), aNode({ name: 'b', assigned: ids })];
    const made = planOf({ services: [web], nodes });
    expect(made.confirmation).toBeNull();
    expect(waves(made).flat()).toHaveLength(8);
  });

  test('holds back all removals, lists them, and keeps the plan from being converged', () => {
    const gone = aService({ name: 'gone' });
    const nodes = [tenOf(web), aNodeRunning('b', [[gone, 1]])];
    const made = planOf({ services: [{ ...web, instances: 6 }], nodes });
    expect(made.waves).toEqual([]);
    expect(made.confirmation).toEqual({
      reason: 'removes 5 of 11 instances, and one plan may remove 30 % without confirmation',
      removes: ['shop/gone-1', 'shop/web-10', 'shop/web-7', 'shop/web-8', 'shop/web-9'],
    });
    expect(waits(made)).toEqual([
      'shop/gone-1: waits for confirmation',
      'shop/web-7: waits for confirmation',
      'shop/web-8: waits for confirmation',
      'shop/web-9: waits for confirmation',
      'shop/web-10: waits for confirmation',
    ]);
    expect(isConverged(made)).toBe(false);
  });

  test('lets everything else go on', () => {
    const api = aService({ name: 'api' });
    const made = planOf({ services: [{ ...web, instances: 2 }, api], nodes: [tenOf(web)] });
    expect(waves(made)).toEqual([['create shop/api-1 on a']]);
    expect(made.confirmation?.removes).toHaveLength(8);
  });

  test('leaves alone what a held stack may have brought along', () => {
    const [child, other] = ['blog-redis', 'blogs'].map((stack) => aService({ stack }));
    const nodes = [
      aNodeRunning(
        'a',
        [child, other].flatMap((s) => (s ? [[s, 1] as const] : [])),
      ),
    ];
    const made = planOf({ services: [], nodes, held: ['blog'] });
    expect(made.confirmation?.removes ?? waves(made).flat()).toHaveLength(1);
    expect(JSON.stringify([made.confirmation, waves(made)])).not.toContain('blog-redis');
  });

  test('counts every container of the grid, of held stacks too', () => {
    const blog = aService({ stack: 'blog' });
    const nodes = [
      tenOf(web),
      aNodeRunning(
        'b',
        Array.from({ length: 10 }, (_, at) => [blog, at + 1] as const),
      ),
    ];
    const made = planOf({ services: [{ ...web, instances: 4 }], nodes, held: ['blog'] });
    expect(made.confirmation).toBeNull();
  });

  test('does not count what is only moved', () => {
    const draining = { ...tenOf(web), availability: 'drain' as const };
    const nodes = [draining, tenOf({ ...web, name: 'x' }), aNode({ name: 'c' })];
    const made = planOf({ services: [web, { ...web, name: 'x' }], nodes });
    expect(made.confirmation).toBeNull();
  });

  test('does not count what its agent is stopping already', () => {
    const stopping = Array.from({ length: 9 }, (_, at) => ({
      ...running(web, at + 2),
      attempt: anAttempt({ phase: 'stopping' }),
    }));
    const nodes = [
      aNode({ name: 'a', instances: [running(web), ...stopping], assigned: [assigned(web)] }),
    ];
    const made = planOf({ services: [{ ...web, instances: 1 }], nodes });
    expect(made.confirmation).toBeNull();
    expect(made.waves[0]?.steps).toHaveLength(9);
  });
});

describe('nodes that have not reported to a master that was started anew', () => {
  const gone = aService({ name: 'gone', instances: 4 });
  const names = ['a', 'b', 'c', 'd'];
  /** Each has one of the four that are to go, and as many of those that stay. */
  const nodesAfter = (heard: number) =>
    names.map((name, at) => {
      const has = [[web, at + 1] as const, [gone, at + 1] as const];
      const shown = at < heard ? {} : { status: 'unobserved' as const, lastSeenAt: NOW };
      return aNodeRunning(name, has, shown);
    });
  const scene = (heard: number) => ({
    services: [{ ...web, instances: 4 }],
    nodes: nodesAfter(heard),
  });

  test.each([1, 2, 3])('keep what %i others have from being removed bit by bit', (heard) => {
    const made = planOf(scene(heard));
    expect(made.waves).toEqual([]);
    expect(made.confirmation).toBeNull();
    expect(waits(made)[0]).toMatch(/^shop\/gone-1: .*not reported yet/);
  });

  test('are no reason any more when all have: then a person is asked for all of it', () => {
    expect(planOf(scene(4)).confirmation?.removes).toHaveLength(4);
  });

  test('keep nothing that a person has confirmed, and nothing that never ran', () => {
    expect(confirmedPlanOf(scene(3)).waves).not.toEqual([]);
    const broken = aService({ name: 'broken' });
    const [a, ...others] = nodesAfter(3);
    if (a === undefined) throw new Error('no node');
    const nodes = [{ ...a, assigned: [...a.assigned, assigned(broken)] }, ...others];
    const made = planOf({ services: [{ ...web, instances: 4 }, gone], nodes });
    expect(waves(made)).toEqual([['remove shop/broken-1 on a']]);
  });
});

describe('a removal', () => {
  test('of one instance needs no confirmation', () => {
    const nodes = [aNodeRunning('a', [[web, 1]]), aNodeRunning('b', [[web, 2]])];
    const made = planOf({
      services: [{ ...web, instances: 1 }],
      nodes,
      grid: { pruneBudget: 0 },
    });
    expect(waves(made)).toEqual([['remove shop/web-2 on b']]);
  });

  test('of the last service needs confirmation, even of one instance', () => {
    const made = planOf({ services: [], nodes: [aNodeRunning('a', [[web, 1]])] });
    expect(made.waves).toEqual([]);
    expect(made.confirmation?.reason).toBe(
      'the revision wants no service at all, which removes 1 of 1 instance',
    );
  });

  test('of nothing needs none', () => {
    expect(planOf({ services: [], nodes: [aNode()] }).confirmation).toBeNull();
  });

  test('of a stateful instance always needs confirmation', () => {
    const db = aService({ name: 'db', stateful: true, instances: 2 });
    const nodes = [
      tenOf(web),
      aNodeRunning('b', [
        [db, 1],
        [db, 2],
      ]),
    ];
    const scene = { services: [web, { ...db, instances: 1 }], nodes };
    const made = planOf(scene);
    expect(made.waves).toEqual([]);
    expect(made.confirmation).toEqual({
      reason: 'removes stateful shop/db-2',
      removes: ['shop/db-2'],
    });
    expect(confirmedPlanOf(scene).waves[0]?.steps[0]).toMatchObject({
      kind: 'remove',
      stateful: true,
    });
  });

  test('of one of two stateful twins needs confirmation', () => {
    const db = aService({ name: 'db', stateful: true });
    const nodes = [aNodeRunning('a', [[db, 1]]), aNodeRunning('b', [[db, 1]])];
    const made = planOf({ services: [db], nodes });
    expect(made.waves).toEqual([]);
    expect(made.confirmation?.removes).toEqual(['shop/db-1']);
  });

  test('of a stateful service that is gone is known by what was assigned', () => {
    const db = aService({ name: 'db', stateful: true });
    const nodes = [tenOf(web), aNodeRunning('b', [[db, 1]]), aNodeRunning('c', [[db, 2]])];
    const made = planOf({ services: [web], nodes });
    expect(made.waves).toEqual([]);
    expect(made.confirmation?.reason).toBe('removes stateful shop/db-1 and 1 more');
  });
});

describe('a confirmation', () => {
  const nodes = [tenOf(web)];
  const scene = { services: [{ ...web, instances: 5 }], nodes };

  test('of this very plan lets it remove', () => {
    const made = confirmedPlanOf(scene);
    expect(made.confirmation).toBeNull();
    expect(made.waiting).toEqual([]);
    expect(made.waves[0]?.steps).toHaveLength(5);
  });

  test('does not change the hash', () => {
    expect(confirmedPlanOf(scene).hash).toBe(planOf(scene).hash);
  });

  test('of another plan, or in another grid, does not', () => {
    const other = planOf({ ...scene, services: [{ ...web, instances: 4 }] });
    expect(planOf({ ...scene, policy: { confirmed: other.hash } }).waves).toEqual([]);
    const elsewhere = planOf({ ...scene, grid: { name: 'other' } });
    expect(planOf({ ...scene, policy: { confirmed: elsewhere.hash } }).waves).toEqual([]);
  });

  test('covers what is left of it when some of it is done', () => {
    const first = planOf(scene).confirmation;
    const half = aNodeRunning(
      'a',
      [1, 2, 3, 4, 5, 6, 7, 8].map((n) => [web, n] as const),
    );
    const rest = planOf({ ...scene, nodes: [half], grid: { pruneBudget: 0 } }).confirmation;
    const more = planOf({ ...scene, services: [{ ...web, instances: 4 }] }).confirmation;
    if (first === null || rest === null || more === null) throw new Error('not asked for');
    expect(isCovered(rest, first)).toBe(true);
    expect(isCovered(more, first)).toBe(false);
  });
});
