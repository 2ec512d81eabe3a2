import { expect, it } from 'vitest';
import { Fleet, unheard } from '../../src/master/fleet.ts';
import { prepareDesired } from '../../src/master/prepare.ts';
import { Renewals } from '../../src/master/renewals.ts';
import { withGeneration } from '../../src/model/generation.ts';
import { aDesiredState, aService, aStack, NOW, running } from '../support/builders.ts';

const web = aService({ interval: 3_600 });
const blog = aService({ name: 'blog' });
const other = aStack({ name: 'other', services: [aService({ stack: 'other' })] });
const stacks = [aStack({ services: [web, blog] }), other];
const before = prepareDesired(aDesiredState({ stacks }));

function renewalsAt(now: number): Renewals {
  const fleet = new Fleet();
  const instance = running(web, 1);
  const current = instance.current && { ...instance.current, startedAt: NOW };
  const node = unheard({ grid: 'demo', name: 'node-1', now: NOW });
  fleet.put({ ...node, observed: true, instances: [{ ...instance, current }] });
  const clock = { now: () => now, sleep: async () => await Promise.resolve() };
  return new Renewals({ grid: 'demo', fleet, clock });
}

it('leaves what is wanted as it is, the very same object, until an interval has passed', () => {
  expect(renewalsAt(NOW + 3_599_999).of(before, true)).toBe(before);
  expect(renewalsAt(NOW).of(null, true)).toBeNull();
  expect(renewalsAt(NOW + 9_999_999).of(before, false)).toBe(before);
});

it('gives the service whose interval has passed another hash, and leaves all others the same', () => {
  const now = NOW + 3_600_000;
  const after = renewalsAt(now).of(before, true);
  const specHash = withGeneration(web.specHash, now / 1_000);
  expect(after?.services.get('shop/web')).toEqual({ ...web, specHash });
  expect(after?.services.get('shop/blog')).toBe(blog);
  expect(after?.desired.stacks[1]).toBe(other);
});

it('is asked for where a service has an interval', () => {
  expect(renewalsAt(NOW).isNeeded(before)).toBe(true);
  expect(renewalsAt(NOW).isNeeded(prepareDesired(aDesiredState({ stacks: [other] })))).toBe(false);
});
