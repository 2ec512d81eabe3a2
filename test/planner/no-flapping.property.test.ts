import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DesiredState } from '../../src/model/desired.ts';
import { instancePath } from '../../src/model/identity.ts';
import type { ObservedNode, ObservedState } from '../../src/model/observed.ts';
import type { Plan } from '../../src/model/plan.ts';
import { createPlanner, defaultPolicy, plan } from '../../src/planner/plan.ts';
import { NOW } from '../support/builders.ts';
import { desired, observed, shuffled } from './arbitrary.ts';
import { World } from './world.ts';

/** Shorter than any grace period, and than a new master waits for its nodes. */
const SHORT = 29_000;

function planAt(now: number, wanted: DesiredState, seen: ObservedState): Plan {
  const input = { desired: wanted, observed: seen, now, policy: defaultPolicy };
  const { hash } = plan(input);
  return plan({ ...input, policy: { ...defaultPolicy, confirmed: hash } });
}

/** Carried out until there is nothing left to do. */
function settled(wanted: DesiredState, seen: ObservedState): ObservedState {
  const world = new World(seen);
  for (let round = 0; round < 500; round += 1) {
    const isNew = world.dispatch(planAt(NOW, wanted, world.observe()));
    const [move] = world.moves();
    if (move === undefined && !isNew) return world.observe();
    move?.();
  }
  throw new Error('it does not come to an end');
}

/** A desired state, how its grid is when all of it is carried out, and the same listed in another order. */
const settledGrid = fc
  .tuple(desired({ relations: true }), observed({ drains: true }))
  .map(([wanted, seen]) => ({ wanted, seen: settled(wanted, seen) }))
  .chain(({ wanted, seen }) =>
    fc.record({ wanted: fc.constant(wanted), seen: fc.constant(seen), mixed: shuffled(seen) }),
  );

const some = fc.array(fc.boolean(), { minLength: 6, maxLength: 6 });

function changed(
  seen: ObservedState,
  which: readonly boolean[],
  change: (node: ObservedNode) => ObservedNode,
): ObservedState {
  return { nodes: seen.nodes.map((node, at) => (which[at] === true ? change(node) : node)) };
}

/** What waited or was blocked may go on when something else is known; nobody else is touched. */
function expectRest(made: Plan, settledPlan: Plan): void {
  const open = new Set([...settledPlan.blocked, ...settledPlan.waiting].map(instancePath));
  const steps = made.waves.flatMap((wave) => wave.steps);
  expect(steps.filter((step) => !open.has(instancePath(step)))).toEqual([]);
}

describe('once everything is carried out nothing moves', () => {
  test('when it is planned again, in whatever order nodes are listed, by a planner with or without a past', () => {
    fc.assert(
      fc.property(settledGrid, ({ wanted, seen, mixed }) => {
        const planner = createPlanner();
        const look = (state: ObservedState) =>
          planner.plan({ desired: wanted, observed: state, now: NOW, policy: defaultPolicy });
        const first = look(seen);
        expect(planAt(NOW, wanted, seen).waves).toEqual([]);
        for (const again of [look(mixed), look(seen), planAt(NOW, wanted, mixed)])
          expect(again).toEqual(first);
      }),
    );
  });

  test('when nodes are away for less than their grace period, whoever of them comes back first', () => {
    const away = (node: ObservedNode): ObservedNode => ({
      ...node,
      status: 'offline',
      lastSeenAt: NOW,
    });
    fc.assert(
      fc.property(settledGrid, some, some, ({ wanted, seen }, gone, still) => {
        const before = planAt(NOW, wanted, seen);
        const both = gone.map((isGone, at) => isGone && still[at] === true);
        expectRest(planAt(NOW + SHORT / 2, wanted, changed(seen, gone, away)), before);
        expectRest(planAt(NOW + SHORT, wanted, changed(seen, both, away)), before);
        expectRest(planAt(NOW + SHORT, wanted, seen), before);
      }),
    );
  });

  test('when the master is started anew, whichever nodes report first', () => {
    const unheard = (node: ObservedNode): ObservedNode => ({
      ...withoutReport(node),
      status: 'unobserved',
      lastSeenAt: NOW,
    });
    const all = some.map((which) => which.map(() => true));
    fc.assert(
      fc.property(settledGrid, fc.oneof(some, all), ({ wanted, seen }, silent) => {
        const made = planAt(NOW + SHORT, wanted, changed(seen, silent, unheard));
        expectRest(made, planAt(NOW, wanted, seen));
      }),
    );
  });

  test('when others take ports, or volumes appear elsewhere', () => {
    fc.assert(
      fc.property(settledGrid, observed(), ({ wanted, seen }, other) => {
        const made = planAt(NOW, wanted, crossed(seen, other));
        expectRest(made, planAt(NOW, wanted, seen));
      }),
    );
  });
});

/** The first state's nodes with what the second one's hosts tell. */
function crossed(seen: ObservedState, other: ObservedState): ObservedState {
  const nodes = seen.nodes.map((node, at) => {
    const host = other.nodes[at]?.host;
    return { ...withoutReport(node), ...(host === undefined ? {} : { host }) };
  });
  return { nodes };
}

function withoutReport(node: ObservedNode): ObservedNode {
  const { host: _, ...rest } = node;
  return rest;
}
