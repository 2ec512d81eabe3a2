import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DesiredState } from '../../src/model/desired.ts';
import type { Service } from '../../src/model/grid.ts';
import type { ObservedState } from '../../src/model/observed.ts';
import { createPlanner, defaultPolicy, plan } from '../../src/planner/plan.ts';
import { aNodeRunning, aService, desiring, NOW } from '../support/builders.ts';
import { desired, observed } from './arbitrary.ts';

const circumstances = { now: NOW, policy: defaultPolicy };
const anyStatus = {
  statuses: ['online', 'online', 'offline', 'unobserved'],
  drains: true,
  jobs: true,
} as const;

/** Of two states, one with each stack as the first, the second, both or neither have it: as commits change some of them. */
function mixed(first: DesiredState, second: DesiredState, choice: readonly number[]): DesiredState {
  const names = new Set([...first.stacks, ...second.stacks].map(({ name }) => name));
  const stacks = [...names].flatMap((name, at) => {
    const from = [first, second][(choice[at] ?? 0) % 3];
    return from?.stacks.find((stack) => stack.name === name) ?? [];
  });
  return { ...first, stacks };
}

function mixedNodes(a: ObservedState, b: ObservedState, choice: readonly number[]): ObservedState {
  const names = new Set([...a.nodes, ...b.nodes].map(({ name }) => name));
  const nodes = [...names].flatMap((name, at) => {
    const from = [a, b][(choice[at] ?? 0) % 3];
    return from?.nodes.find((node) => node.name === name) ?? [];
  });
  return { nodes };
}

describe('what a planner remembers', () => {
  it('makes no other plan, whatever of the repository and the nodes changes and changes back', () => {
    const state = fc.tuple(desired({ relations: true, jobs: true }), observed(anyStatus));
    const choices = fc.array(fc.array(fc.nat(2), { minLength: 6, maxLength: 6 }), {
      minLength: 2,
      maxLength: 12,
    });
    fc.assert(
      fc.property(state, state, choices, ([wantedA, seenA], [wantedB, seenB], all) => {
        const planner = createPlanner();
        for (const choice of all) {
          const input = {
            desired: mixed(wantedA, wantedB, choice),
            observed: mixedNodes(seenA, seenB, choice.toReversed()),
            ...circumstances,
          };
          expect(planner.plan(input)).toEqual(plan(input));
        }
      }),
    );
  });

  it('keeps it from looking at what has not changed', () => {
    let looks = 0;
    const watched = Array.from({ length: 50 }, (_, at) =>
      watch(aService({ stack: `stack-${at}`, name: 'web' }), () => {
        looks += 1;
      }),
    );
    const changing = aService({ stack: 'other', name: 'api' });
    const nodes = [aNodeRunning('n0', [...watched.map((one) => [one, 1] as const), [changing, 1]])];
    const planner = createPlanner();
    const first = desiring([...watched, changing]);
    expect(planner.plan({ desired: first, observed: { nodes }, ...circumstances }).waves).toEqual(
      [],
    );
    looks = 0;

    const changed = aService({ stack: 'other', name: 'api', specHash: 'another' });
    const after = first.stacks.map((stack) =>
      stack.name === 'other' ? { ...stack, services: [changed] } : stack,
    );
    const made = planner.plan({
      desired: { ...first, stacks: after },
      observed: { nodes },
      ...circumstances,
    });
    expect(made.waves).toHaveLength(1);
    expect(looks).toBe(0);
  });

  it('is lost when a plan fails, and nothing else is', () => {
    const planner = createPlanner();
    const web = aService();
    const nodes = [aNodeRunning('n0', [[web, 1]])];
    const broken = {
      ...web,
      get specHash(): string {
        throw new Error('broken');
      },
    };
    const wrong = { desired: desiring([broken]), observed: { nodes }, ...circumstances };
    expect(() => planner.plan(wrong)).toThrow('broken');
    const input = { desired: desiring([web]), observed: { nodes }, ...circumstances };
    expect(planner.plan(input)).toEqual(plan(input));
  });
});

/** The same service, that tells of whoever looks at it. */
function watch(service: Service, onLook: () => void): Service {
  return new Proxy(service, {
    get: (target, key, receiver) => {
      onLook();
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
}
