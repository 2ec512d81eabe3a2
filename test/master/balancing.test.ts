import { describe, expect, it } from 'vitest';
import { Assigner } from '../../src/master/assigner.ts';
import { assigned, Fleet, unheard } from '../../src/master/fleet.ts';
import { fromLastGood, type LastGood } from '../../src/master/prepare.ts';
import type { Assignment } from '../../src/model/assignment.ts';
import type { Service } from '../../src/model/grid.ts';
import { printMark } from '../../src/model/secret.ts';
import { decodeAssignment } from '../../src/protocol/codec.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { aBackendSettings, aBalancerSettings } from '../support/a-balancing.ts';
import { aGrid, aService, aStack, NOW } from '../support/builders.ts';

const mark = printMark({ kind: 'secret', name: 'users', id: 'a'.repeat(16) });
const edge = aService({ stack: 'edge', name: 'lb', balancer: aBalancerSettings() });
const web = aBalanced('web');

function aBalanced(name: string, overrides: Parameters<typeof aBackendSettings>[0] = {}): Service {
  const settings = aBackendSettings(overrides);
  return aService({ name, balanced: { by: ['edge/other', 'edge/lb'], settings } });
}

function prepared(services: readonly Service[], overrides: Partial<LastGood> = {}) {
  const shop = services.filter(({ stack }) => stack === 'shop');
  const others = services.filter(({ stack }) => stack !== 'shop');
  const stacks = [aStack({ services: shop }), aStack({ name: 'edge', services: others })];
  return fromLastGood({ sha: 'a1', grid: aGrid(), stacks, held: [], ...overrides });
}

/** Two nodes, of which the first has the load balancer. */
async function aWorld() {
  const fleet = new Fleet();
  for (const name of ['node-1', 'node-2']) fleet.put(unheard({ grid: 'demo', name, now: NOW }));
  const given: Assignment[] = [];
  const assigner = new Assigner({
    grid: 'demo',
    fleet,
    clock: systemClock,
    assign: async (assignment) => {
      given.push(decodeAssignment(JSON.stringify(assignment)));
      const node = fleet.get('demo', assignment.node);
      if (node !== null) fleet.put(assigned(node, assignment));
      await Promise.resolve();
    },
    onAssigned: async () => await Promise.resolve(),
    onRefused: async ({ reason }) => await Promise.reject(new Error(reason)),
  });
  const create = {
    kind: 'create',
    stack: 'edge',
    service: 'lb',
    number: 1,
    node: 'node-1',
  } as const;
  await assigner.carryOut([{ ...create, reason: '', specHash: '' }], prepared([edge, web]));
  return { assigner, given };
}

const servedIn = (assignment: Assignment | undefined) =>
  assignment?.instances[0]?.balancing?.backends.map(({ stack, service }) => `${stack}/${service}`);

describe('a load balancer', () => {
  it('is assigned with the services behind it', async () => {
    const { given } = await aWorld();

    expect(servedIn(given[0])).toEqual(['shop/web']);
  });

  it('is told of another service without a step, and told nothing twice', async () => {
    const { assigner, given } = await aWorld();
    const more = prepared([edge, web, aBalanced('api')]);
    await assigner.carryOut([], more);
    await assigner.carryOut([], more);
    await assigner.carryOut([], prepared([edge, web, aBalanced('api')]));

    expect(given.map(servedIn)).toEqual([['shop/web'], ['shop/api', 'shop/web']]);
    expect(given[1]?.generation).toBe(2);
    expect(given[1]?.instances[0]?.specHash).toBe(given[0]?.instances[0]?.specHash);
  });

  it('is told of a setting of its own, or of a service', async () => {
    const { assigner, given } = await aWorld();
    const other = { ...edge, balancer: aBalancerSettings({ healthUri: '/up' }) };
    await assigner.carryOut([], prepared([other, web]));
    await assigner.carryOut([], prepared([other, aBalanced('web', { virtualHosts: ['a.com'] })]));

    expect(given[1]?.instances[0]?.balancing?.settings.healthUri).toBe('/up');
    expect(given[2]?.instances[0]?.balancing?.backends[0]?.virtualHosts).toEqual(['a.com']);
  });

  it('goes on serving what nobody knows any more', async () => {
    const { assigner, given } = await aWorld();
    await assigner.carryOut([], prepared([edge], { held: ['shop'] }));
    expect(given).toHaveLength(1);

    await assigner.carryOut([], prepared([edge, aBalanced('api')], { held: ['shop'] }));
    expect(servedIn(given[1])).toEqual(['shop/api', 'shop/web']);
    await assigner.carryOut([], prepared([web], { held: ['edge'] }));
    expect(given).toHaveLength(2);
  });

  it('gets the secrets of what it serves, and no others', async () => {
    const { assigner, given } = await aWorld();
    const secrets = { [mark]: 'sealed', '⟦secret.other.b⟧': 'sealed' };
    const secret = { ...aBalanced('web', { basicAuth: mark }), secrets };
    await assigner.carryOut([], prepared([edge, secret]));

    expect(given[1]?.secrets).toEqual({ [mark]: 'sealed' });
  });
});
