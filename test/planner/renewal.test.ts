import { describe, expect, test } from 'vitest';
import { withGeneration } from '../../src/model/generation.ts';
import { plan } from '../../src/planner/plan.ts';
import { defaultPolicy } from '../../src/planner/policy.ts';
import { type PeriodicService, renewedHashes } from '../../src/planner/renewal.ts';
import { aDesiredState, aNode, aService, aStack, NOW, running } from '../support/builders.ts';

const DAY = 86_400_000;
const web: PeriodicService = { ...aService({ instances: 2 }), interval: 86_400 };
const NOW_SECONDS = Math.floor(NOW / 1_000);

function started(number: number, age: number, specHash = web.specHash) {
  const instance = running({ ...web, specHash }, number);
  const { current } = instance;
  return { ...instance, current: current && { ...current, startedAt: NOW - age } };
}

function hashOf(ages: readonly ReturnType<typeof started>[], mayBegin = true): string | undefined {
  const observed = { nodes: [aNode({ name: 'a', instances: ages })] };
  return renewedHashes({ services: [web], observed, now: NOW, mayBegin }).get('shop/web');
}

describe('a service with an interval', () => {
  test('that was never deployed has the hash of its spec', () => {
    expect(hashOf([])).toBe(web.specHash);
  });

  test('stays as it is until its oldest container is old enough', () => {
    expect(hashOf([started(1, DAY - 1), started(2, 5)])).toBe(web.specHash);
    expect(hashOf([started(1, DAY), started(2, 5)])).toBe(
      withGeneration(web.specHash, NOW_SECONDS),
    );
  });

  test('is brought to its newest generation, and begins none before that is old enough', () => {
    const half = withGeneration(web.specHash, NOW_SECONDS - 60);
    expect(hashOf([started(1, 60_000, half), started(2, 2 * DAY)])).toBe(half);
    const old = withGeneration(web.specHash, NOW_SECONDS - 86_400);
    expect(hashOf([started(1, 5, old)])).toBe(withGeneration(web.specHash, NOW_SECONDS));
  });

  test('goes by what was assigned, before any container is of it', () => {
    const coming = withGeneration(web.specHash, NOW_SECONDS - 3);
    const { stack, name: service } = web;
    const assigned = [{ stack, service, number: 1, specHash: coming, stateful: false }];
    const nodes = [aNode({ name: 'a', instances: [started(1, 3 * DAY)], assigned })];
    const input = { services: [web], observed: { nodes }, now: NOW, mayBegin: true };
    expect(renewedHashes(input).get('shop/web')).toBe(coming);
  });

  test('says nothing of containers of another spec', () => {
    expect(hashOf([started(1, 9 * DAY, 'other')])).toBe(web.specHash);
  });

  test('waits while its grid may not be deployed to', () => {
    expect(hashOf([started(1, 9 * DAY)], false)).toBe(web.specHash);
  });

  test('is rolled out as any other change is, with the reason', () => {
    const nodes = [aNode({ name: 'a', instances: [started(1, 2 * DAY), started(2, 2 * DAY)] })];
    const specHash = withGeneration(web.specHash, NOW_SECONDS);
    const renewed = { ...web, specHash };
    const desired = aDesiredState({ stacks: [aStack({ services: [renewed] })] });
    const found = plan({ desired, observed: { nodes }, now: NOW, policy: defaultPolicy });
    expect(found.waves.map(({ steps }) => steps.map((step) => [step.kind, step.reason]))).toEqual([
      [['replace', 'unchanged, and its deploy.interval has passed']],
      [['replace', 'unchanged, and its deploy.interval has passed']],
    ]);
  });
});
