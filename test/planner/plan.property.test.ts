import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DesiredState } from '../../src/model/desired.ts';
import { instancePath } from '../../src/model/identity.ts';
import type { ObservedState } from '../../src/model/observed.ts';
import { isConverged, type Plan, type Step } from '../../src/model/plan.ts';
import { createPlanner, defaultPolicy, plan } from '../../src/planner/plan.ts';
import { maxUnavailable } from '../../src/planner/rollout.ts';
import {
  aGrid,
  aNode,
  aNodeRunning,
  aPort,
  aService,
  aSpec,
  assigned,
  deepFreeze,
  desiring,
  NOW,
  running,
} from '../support/builders.ts';
import { desired, nodes, observed, services, shuffled } from './arbitrary.ts';
import { naivePlacements } from './oracle.ts';
import { World } from './world.ts';

const anyStatus = {
  statuses: ['online', 'online', 'online', 'offline', 'unobserved'],
  drains: true,
  failures: true,
} as const;

function planFor(of: { desired: DesiredState; observed: ObservedState }): Plan {
  return plan({ ...of, now: NOW, policy: defaultPolicy });
}

/** The plan that is made once a person has confirmed it. */
function confirmedPlan(of: { desired: DesiredState; observed: ObservedState }): Plan {
  const { hash } = planFor(of);
  return plan({ ...of, now: NOW, policy: { ...defaultPolicy, confirmed: hash } });
}

function allSteps(made: Plan): readonly Step[] {
  return made.waves.flatMap((wave) => wave.steps);
}

describe('every plan', () => {
  test('leaves its input alone', () => {
    fc.assert(
      fc.property(desired({ relations: true }), observed(anyStatus), (wanted, seen) => {
        planFor(deepFreeze({ desired: wanted, observed: seen }));
      }),
    );
  });

  test('is the same, with the same hash, in whatever order the input lists things', () => {
    const reordered = fc
      .tuple(desired({ relations: true }), observed(anyStatus))
      .chain(([wanted, seen]) =>
        fc.tuple(fc.constant(wanted), fc.constant(seen), shuffled(seen), fc.boolean()),
      );
    fc.assert(
      fc.property(reordered, ([wanted, seen, mixed, backwards]) => {
        const stacks = wanted.stacks.map((stack) => ({
          ...stack,
          services: backwards ? stack.services.toReversed() : stack.services,
        }));
        const first = planFor({ desired: wanted, observed: seen });
        const second = planFor({
          desired: { ...wanted, stacks: backwards ? stacks.toReversed() : stacks },
          observed: mixed,
        });
        expect(second).toEqual(first);
      }),
    );
  });

  test('is the same from a planner that has made other plans before', () => {
    const history = fc.array(fc.tuple(desired({ relations: true }), observed(anyStatus)), {
      minLength: 2,
      maxLength: 5,
    });
    fc.assert(
      fc.property(history, (states) => {
        const planner = createPlanner();
        // Every pair of a desired and an observed state, so that each of the two stays the same at times.
        for (const [wanted] of states)
          for (const [, seen] of states) {
            const input = { desired: wanted, observed: seen, now: NOW, policy: defaultPolicy };
            expect(planner.plan(input)).toEqual(plan(input));
          }
      }),
      { numRuns: 50 },
    );
  });

  test('starts only wanted instances, each on one node only', () => {
    fc.assert(
      fc.property(desired({ relations: true }), observed(anyStatus), (wanted, seen) => {
        const starts = allSteps(planFor({ desired: wanted, observed: seen })).filter(
          (step) => step.kind !== 'remove',
        );
        expect(new Set(starts.map(instancePath)).size).toBe(starts.length);
        const counts = new Map<string, number>();
        for (const { stack, service } of starts)
          counts.set(`${stack}/${service}`, (counts.get(`${stack}/${service}`) ?? 0) + 1);
        for (const stack of wanted.stacks)
          for (const service of stack.services) {
            const limit = service.strategy === 'daemon' ? seen.nodes.length : service.instances;
            expect(counts.get(`${service.stack}/${service.name}`) ?? 0).toBeLessThanOrEqual(limit);
          }
      }),
    );
  });

  test('speaks of every wanted instance that is not as desired, unless a rollout stopped', () => {
    fc.assert(
      fc.property(
        desired({ relations: true }),
        observed({ ...anyStatus, failures: false }),
        (wanted, seen) => {
          const made = planFor({ desired: wanted, observed: seen });
          const mentioned = new Set(
            [...allSteps(made), ...made.blocked, ...made.halted, ...made.waiting].map(instancePath),
          );
          for (const stack of wanted.stacks)
            for (const service of stack.services) {
              if (wanted.held.includes(stack.name) || service.strategy === 'daemon') continue;
              for (let number = 1; number <= service.instances; number += 1) {
                const path = instancePath({ stack: stack.name, service: service.name, number });
                const isThere = seen.nodes.some((node) =>
                  node.instances.some(
                    (one) =>
                      instancePath(one) === path &&
                      one.current?.ready === true &&
                      one.current.specHash === service.specHash,
                  ),
                );
                expect(isThere || mentioned.has(path)).toBe(true);
              }
            }
        },
      ),
    );
  });

  test('never touches a stack that is held', () => {
    fc.assert(
      fc.property(desired({ relations: true }), observed(anyStatus), (wanted, seen) => {
        const made = confirmedPlan({ desired: wanted, observed: seen });
        for (const step of allSteps(made)) expect(wanted.held).not.toContain(step.stack);
      }),
    );
  });

  test('never moves a stateful instance', () => {
    fc.assert(
      fc.property(desired({ relations: true }), observed(anyStatus), (wanted, seen) => {
        const stateful = new Set(
          wanted.stacks
            .flatMap((stack) => stack.services)
            .filter((service) => service.stateful && service.strategy !== 'daemon')
            .map((service) => `${service.stack}/${service.name}`),
        );
        for (const step of allSteps(planFor({ desired: wanted, observed: seen }))) {
          if (step.kind === 'remove' || !stateful.has(`${step.stack}/${step.service}`)) continue;
          const there = seen.nodes.filter((node) =>
            [
              ...node.instances.filter((one) => one.current !== null || one.attempt !== null),
              ...node.assigned,
            ].some((one) => instancePath(one) === instancePath(step)),
          );
          if (there.length > 0) expect(there.map((node) => node.name)).toContain(step.node);
        }
      }),
    );
  });

  test('puts instances where the naive placement puts them', () => {
    const stateless = services({ strategies: ['ha', 'ha', 'random'] }).map((all) =>
      all.map((service) => ({ ...service, stateful: false, dependsOn: [] })),
    );
    fc.assert(
      fc.property(stateless, nodes({ drains: true }), (wanted, all) => {
        const made = planFor({ desired: desiring(wanted), observed: { nodes: all } });
        const placed = new Map(allSteps(made).map((step) => [instancePath(step), step.node]));
        expect(placed).toEqual(naivePlacements(wanted, all));
      }),
      { numRuns: 500 },
    );
  });
});

describe('carrying out plans', () => {
  /** Plans, dispatches and lets one thing happen, over and over, until nothing is left that could happen. */
  function carryOut(of: {
    desired: DesiredState;
    world: World;
    choose: (choices: number) => number;
    watch?: (made: Plan) => void;
  }): Plan {
    for (let round = 0; round < 500; round += 1) {
      const made = confirmedPlan({ desired: of.desired, observed: of.world.observe() });
      of.watch?.(made);
      const isNew = of.world.dispatch(made);
      const moves = of.world.moves();
      if (moves.length === 0 && isNew) continue;
      if (moves.length === 0)
        return confirmedPlan({ desired: of.desired, observed: of.world.observe() });
      moves[of.choose(moves.length)]?.();
    }
    throw new Error('it does not come to an end');
  }

  /** A repeatable choice: the next of the given numbers, modulo how many choices there are. */
  function chooser(numbers: readonly number[]): (choices: number) => number {
    let at = 0;
    return (choices) => {
      at += 1;
      return (numbers[at % Math.max(1, numbers.length)] ?? 0) % choices;
    };
  }

  const choices = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 50 });

  test('ends with nothing to do but what is blocked', () => {
    fc.assert(
      fc.property(
        desired({ relations: true }),
        observed({ drains: true }),
        choices,
        (wanted, seen, numbers) => {
          const world = new World(seen);
          const last = carryOut({ desired: wanted, world, choose: chooser(numbers) });
          expect(last.waves).toEqual([]);
          if (last.blocked.length === 0) expect(isConverged(last)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('ends converged where nothing is demanded of nodes', () => {
    const easy = desired({ demanding: false }).map((wanted) => ({
      ...wanted,
      stacks: wanted.stacks.map((stack) => ({
        ...stack,
        services: stack.services.map((service) => ({ ...service, stateful: false })),
      })),
      grid: aGrid({ pruneBudget: 1 }),
    }));
    fc.assert(
      fc.property(easy, observed(), choices, (wanted, seen, numbers) => {
        const last = carryOut({
          desired: wanted,
          world: new World(seen),
          choose: chooser(numbers),
        });
        expect(isConverged(last)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('never has more instances of a service down than may be missing', () => {
    const rollout = fc.record({
      instances: fc.integer({ min: 1, max: 8 }),
      minHealth: fc.constantFrom(0, 0.3, 0.5, 0.8, 0.9, 1),
      stateful: fc.boolean(),
      broken: fc.boolean(),
    });
    fc.assert(
      fc.property(rollout, choices, ({ broken, ...fields }, numbers) => {
        const before = aService({ ...fields, specHash: 'spec-a' });
        const after = { ...before, specHash: 'spec-b' };
        const all = Array.from({ length: fields.instances }, (_, at) =>
          aNodeRunning(`n${at}`, [[before, at + 1]]),
        );
        const world = new World({ nodes: all }, new Set(broken ? ['spec-b'] : []));
        const least = fields.instances - maxUnavailable(fields.instances, fields.minHealth);
        const check = () => expect(world.ready(after)).toBeGreaterThanOrEqual(least);
        carryOut({ desired: desiring([after]), world, choose: chooser(numbers), watch: check });
        check();
      }),
    );
  });

  /** Instances of one service, each on a node of its own that may be away, and serving or not. */
  const hurt = fc.record({
    minHealth: fc.constantFrom(0, 0.3, 0.5, 0.8, 1),
    stopFirst: fc.boolean(),
    instances: fc.array(
      fc.record({ isAway: fc.boolean(), isReady: fc.boolean(), isThere: fc.boolean() }),
      { minLength: 1, maxLength: 6 },
    ),
    extra: fc.nat(2),
  });

  /** The service as it is, as it is to be, and where. */
  function hurtScene(of: typeof hurt extends fc.Arbitrary<infer T> ? T : never) {
    const { minHealth, stopFirst, instances, extra } = of;
    const spec = stopFirst ? { spec: aSpec({ ports: [aPort(80)] }) } : {};
    const count = instances.length + extra;
    const before = aService({ minHealth, instances: count, ...spec, specHash: 'spec-a' });
    const hosts = instances.map(({ isAway, isReady, isThere }, at) => {
      const seen = isThere ? [running(before, at + 1, { ready: isReady })] : [];
      const told = isThere ? [assigned(before, at + 1)] : [];
      const away = isAway ? ({ status: 'offline', lastSeenAt: NOW - 20_000 } as const) : {};
      return aNode({ name: `n${at}`, instances: seen, assigned: told, ...away });
    });
    return { before, after: { ...before, specHash: 'spec-b' }, hosts };
  }

  test('never takes away what serves while too much is down, whatever the reason', () => {
    fc.assert(
      fc.property(hurt, fc.boolean(), choices, (scene, isBroken, numbers) => {
        const { after, hosts: all } = hurtScene(scene);
        const world = new World({ nodes: all }, new Set(isBroken ? ['spec-b'] : []));
        const wanted = after.instances - maxUnavailable(after.instances, after.minHealth);
        let least = 0;
        const check = () => {
          // It may get better, and from then on it must not get worse again.
          least = Math.max(least, Math.min(wanted, world.serving(after)));
          expect(world.serving(after)).toBeGreaterThanOrEqual(least);
        };
        carryOut({ desired: desiring([after]), world, choose: chooser(numbers), watch: check });
        check();
      }),
      { numRuns: 500 },
    );
  });

  test('gets every instance out of a bad state that some node could take', () => {
    fc.assert(
      fc.property(hurt, choices, (scene, numbers) => {
        const healed = scene.instances.map((one) => ({ ...one, isAway: false }));
        const { after, hosts: all } = hurtScene({ ...scene, instances: healed, extra: 0 });
        const world = new World({ nodes: all });
        const last = carryOut({ desired: desiring([after]), world, choose: chooser(numbers) });
        expect(isConverged(last)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('ends in the same way however few steps may be in flight, and never has more', () => {
    fc.assert(
      fc.property(
        desired({ relations: true }),
        observed({ drains: true }),
        fc.integer({ min: 1, max: 3 }),
        choices,
        (wanted, seen, parallel, numbers) => {
          const bounded = { ...wanted, grid: { ...wanted.grid, parallel } };
          const world = new World(seen);
          const last = carryOut({
            desired: bounded,
            world,
            choose: chooser(numbers),
            watch: ({ waves: [, ...later] }) => {
              for (const { steps } of later) expect(steps.length).toBeLessThanOrEqual(parallel);
            },
          });
          expect(last.waves).toEqual([]);
          if (last.blocked.length === 0) expect(isConverged(last)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('never touches an instance that is healthy, unchanged and where it may be', () => {
    const scene = fc
      .tuple(
        services({ strategies: ['ha', 'random'] }),
        services({ strategies: ['ha', 'random'] }),
        nodes(),
      )
      .filter(([, , all]) => all.length >= 2);
    fc.assert(
      fc.property(scene, choices, ([old, changed, all], numbers) => {
        // First the old services are deployed, then some of them change, and others come and go.
        const world = new World({ nodes: all });
        carryOut({ desired: desiring(old), world, choose: chooser(numbers) });
        const before = world.observe();
        const next = desiring(
          changed.map((service) => {
            const known = old.find(
              (one) => one.stack === service.stack && one.name === service.name,
            );
            return known === undefined ? service : { ...known, specHash: service.specHash };
          }),
        );
        const untouched = before.nodes.flatMap((node) =>
          node.instances.filter((instance) => {
            const service = next.stacks
              .flatMap((stack) => stack.services)
              .find((one) => one.stack === instance.stack && one.name === instance.service);
            return (
              service !== undefined &&
              service.instances >= instance.number &&
              instance.current?.specHash === service.specHash
            );
          }),
        );
        const paths = new Set(untouched.map(instancePath));
        carryOut({
          desired: next,
          world,
          choose: chooser(numbers),
          watch: (made) => {
            for (const step of allSteps(made)) expect(paths).not.toContain(instancePath(step));
          },
        });
      }),
    );
  });
});
