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
    scope: { visitors: new Set(visitors), isVisiting, others: [] },
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

describe('what the other stacks take', () => {
  it('is taken', () => {
    const spec = { ...own.spec, memory: 6 * 1024 ** 3 };
    const big = aService({ spec });
    const wanted = aService({ stack: 'shop-pr-7', spec });
    const made = plan({
      desired: desiring([wanted]),
      observed: { nodes: [aNodeRunning('a', [[big, 1]])] },
      now: NOW,
      policy: defaultPolicy,
      scope: {
        visitors: new Set(['shop-pr-7']),
        isVisiting: true,
        others: desiring([big]).stacks,
      },
    });
    expect(made.blocked).toHaveLength(1);
  });
});
