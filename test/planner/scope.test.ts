import { describe, expect, it } from 'vitest';
import type { Service } from '../../src/model/grid.ts';
import { isConverged, type Plan } from '../../src/model/plan.ts';
import { createPlanner, defaultPolicy, type Planner, plan } from '../../src/planner/plan.ts';
import { aNodeRunning, aService, desiring, NOW } from '../support/builders.ts';
import { reasons, waves } from './planning.ts';

const own = aService({ instances: 3 });
const guest = aService({ stack: 'shop-pr-7', instances: 3 });
const all = aNodeRunning('a', [
  ...[1, 2, 3].map((number) => [own, number] as const),
  ...[1, 2, 3].map((number) => [guest, number] as const),
]);

function planned(of: {
  readonly services: readonly Service[];
  readonly isVisiting: boolean;
  readonly visitors?: readonly string[];
  readonly planner?: Planner;
}): Plan {
  const { services, isVisiting, visitors = ['shop-pr-7'], planner = createPlanner() } = of;
  return planner.plan({
    desired: desiring(services),
    observed: { nodes: [all] },
    now: NOW,
    policy: defaultPolicy,
    scope: { visitors: new Map(visitors.map((name) => [name, 7])), isVisiting, others: [] },
  });
}

describe("the plan of a grid's own stacks", () => {
  it('leaves those of pull requests alone', () => {
    const made = planned({ services: [own], isVisiting: false });
    expect(isConverged(made)).toBe(true);
    expect(made.confirmation).toBeNull();
  });

  it('still needs a confirmation to remove what is left without them', () => {
    const made = planned({ services: [], isVisiting: false });
    expect(made.confirmation?.removes).toEqual(['shop/web-1', 'shop/web-2', 'shop/web-3']);
  });

  it('sees at once that a stack belongs to a pull request, or does not', () => {
    const planner = createPlanner();
    const of = { services: [own], isVisiting: false, planner };
    expect(planned({ ...of, visitors: [] }).confirmation).not.toBeNull();
    expect(isConverged(planned(of))).toBe(true);
    expect(planned({ ...of, visitors: [] }).confirmation).not.toBeNull();
  });
});

describe('the plan of the stacks of pull requests', () => {
  it('leaves the own ones alone', () => {
    expect(isConverged(planned({ services: [guest], isVisiting: true }))).toBe(true);
  });

  it('removes those of a closed one without asking anybody, and nothing else', () => {
    const made = planned({ services: [], isVisiting: true });
    expect(made.confirmation).toBeNull();
    expect(waves(made).flat()).toEqual([
      'remove shop-pr-7/web-1 on a',
      'remove shop-pr-7/web-2 on a',
      'remove shop-pr-7/web-3 on a',
    ]);
    expect(reasons(made)[0]).toContain('its pull request');
  });
});

const GIB = 1024 ** 3;

/** A service that reserves memory; nodes have 8 GiB. */
function needing(gibibytes: number, of: Partial<Service> = {}): Service {
  return aService({ ...of, spec: { ...own.spec, memory: gibibytes * GIB } });
}

const visitor = (gibibytes: number, of: Partial<Service> = {}) =>
  needing(gibibytes, { stack: 'shop-pr-7', ...of });

function visiting(services: readonly Service[], owned: readonly Service[], nodes: PlanNodes): Plan {
  return plan({
    desired: desiring(services),
    observed: { nodes },
    now: NOW,
    policy: defaultPolicy,
    scope: { visitors, isVisiting: true, others: desiring(owned).stacks },
  });
}

type PlanNodes = Parameters<typeof plan>[0]['observed']['nodes'];
const visitors = new Map([
  ['shop-pr-7', 7],
  ['shop-pr-9', 9],
  ['shop-pr-10', 10],
]);

describe('what the own stacks take', () => {
  it('is taken, for those of pull requests', () => {
    const big = needing(6);
    const made = visiting([visitor(6)], [big], [aNodeRunning('a', [[big, 1]])]);
    expect(made.blocked).toHaveLength(1);
  });

  it('is given to them by those of pull requests, which go elsewhere', () => {
    const [big, small] = [needing(6), visitor(4)];
    const crowded = aNodeRunning('a', [
      [big, 1],
      [small, 1],
    ]);
    const made = visiting([small], [big], [crowded, aNodeRunning('b', [])]);
    expect(waves(made)).toEqual([['create shop-pr-7/web-1 on b'], ['remove shop-pr-7/web-1 on a']]);
    expect(reasons(made)[0]).toContain("gives way to the grid's own stacks on node a");
  });

  it('is given to them at once where there is no other node, and taken back when it is free', () => {
    const [big, small] = [needing(6), visitor(4)];
    const crowded = aNodeRunning('a', [
      [big, 1],
      [small, 1],
    ]);
    const made = visiting([small], [big], [crowded]);
    expect(waves(made)).toEqual([['remove shop-pr-7/web-1 on a']]);
    const pushedOut = visiting([small], [big], [aNodeRunning('a', [[big, 1]])]);
    expect(pushedOut.waves).toEqual([]);
    expect(pushedOut.blocked.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('2048 MiB memory free of 4096 MiB needed'),
    ]);
    expect(waves(visiting([small], [], [aNodeRunning('a', [])]))).toEqual([
      ['create shop-pr-7/web-1 on a'],
    ]);
  });

  it('is given to them also while another node that would do is away', () => {
    const [big, small] = [needing(6), visitor(4)];
    const crowded = aNodeRunning('a', [
      [big, 1],
      [small, 1],
    ]);
    const away = aNodeRunning('b', [], { status: 'offline', lastSeenAt: NOW - 10_000 });
    const made = visiting([small], [big], [crowded, away]);
    expect(waves(made)).toEqual([['remove shop-pr-7/web-1 on a']]);
  });

  it('pushes out no more than has to go', () => {
    const [big, small] = [needing(5), visitor(2, { instances: 2 })];
    const crowded = aNodeRunning('a', [
      [big, 1],
      [small, 1],
      [small, 2],
    ]);
    expect(waves(visiting([small], [big], [crowded]))).toEqual([['remove shop-pr-7/web-2 on a']]);
  });

  it.each(['shop-pr-9', 'shop-pr-10'])(
    'is given to them by the newest pull request, whatever its name: %s',
    (stack) => {
      const big = needing(3);
      const [older, newer] = [visitor(3), visitor(3, { stack })];
      const crowded = aNodeRunning('a', [
        [big, 1],
        [older, 1],
        [newer, 1],
      ]);
      const made = visiting([older, newer], [big], [crowded]);
      expect(waves(made)).toEqual([[`remove ${stack}/web-1 on a`]]);
    },
  );

  it('leaves no room to wait for, neither for who gives way nor for another', () => {
    const big = needing(5);
    const [there, coming] = [visitor(4), visitor(4, { stack: 'shop-pr-9' })];
    const crowded = aNodeRunning('a', [
      [big, 1],
      [there, 1],
    ]);
    const made = visiting([there, coming], [big], [crowded]);
    expect(waves(made)).toEqual([['remove shop-pr-7/web-1 on a']]);
    expect(made.waiting).toEqual([]);
    expect(made.blocked.map(({ stack, reason }) => [stack, reason])).toEqual([
      ['shop-pr-7', expect.stringContaining('3072 MiB memory free of 4096 MiB needed')],
      ['shop-pr-9', expect.stringContaining('3072 MiB memory free of 4096 MiB needed')],
    ]);
  });

  it('is taken back first by the oldest pull request', () => {
    const big = needing(5);
    const [older, newer] = [visitor(3), visitor(3, { stack: 'shop-pr-10' })];
    const made = visiting([older, newer], [big], [aNodeRunning('a', [[big, 1]])]);
    expect(waves(made)).toEqual([['create shop-pr-7/web-1 on a']]);
  });

  it('is not given to them by one that fits where an older one does not', () => {
    const big = needing(5);
    const [older, newer] = [visitor(4), visitor(2, { stack: 'shop-pr-10' })];
    const crowded = aNodeRunning('a', [
      [big, 1],
      [older, 1],
      [newer, 1],
    ]);
    expect(waves(visiting([older, newer], [big], [crowded]))).toEqual([
      ['remove shop-pr-7/web-1 on a'],
    ]);
  });

  it('is not given to a newer pull request that wants more, by an older one', () => {
    const big = needing(3);
    const [older, before] = [visitor(3), visitor(2, { stack: 'shop-pr-9' })];
    const grown = visitor(4, { stack: 'shop-pr-9', specHash: 'grown' });
    const crowded = aNodeRunning('a', [
      [big, 1],
      [older, 1],
      [before, 1],
    ]);
    const made = visiting([older, grown], [big], [crowded]);
    expect(made.waves).toEqual([]);
    expect(made.blocked.map(({ stack }) => stack)).toEqual(['shop-pr-9']);
  });

  it('pushes nothing out that fits, or that reserves nothing', () => {
    const [big, small, tiny] = [needing(5), visitor(3), visitor(0, { name: 'tiny' })];
    const full = aNodeRunning('a', [
      [big, 1],
      [small, 1],
      [tiny, 1],
    ]);
    expect(isConverged(visiting([small, tiny], [big], [full]))).toBe(true);
  });
});

describe('what the stacks of pull requests take', () => {
  it('is free for the own ones', () => {
    const [big, small] = [needing(6), visitor(4)];
    const made = plan({
      desired: desiring([big]),
      observed: { nodes: [aNodeRunning('a', [[small, 1]])] },
      now: NOW,
      policy: defaultPolicy,
      scope: { visitors, isVisiting: false, others: [] },
    });
    expect(waves(made)).toEqual([['create shop/web-1 on a']]);
  });
});
