import { expect, it } from 'vitest';
import { Environments } from '../../src/master/environments.ts';
import { Fleet } from '../../src/master/fleet.ts';
import { GridEnvironments } from '../../src/master/grid-environments.ts';
import { prepareDesired } from '../../src/master/prepare.ts';
import { defaultPolicy } from '../../src/planner/plan.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { openStore } from '../../src/store/store.ts';
import { aService, aStack, desiring } from '../support/builders.ts';

it('a fault of ours on what a pull request runs keeps nothing of the branch waiting', async () => {
  const store = await openStore({ path: ':memory:' });
  const environments = new Environments({
    records: store.previewEnvironments,
    onChange: () => undefined,
  });
  const stacks = [aStack({ name: 'shop-pr-7', services: [aService({ stack: 'shop-pr-7' })] })];
  const key = { grid: 'demo', repository: 'grids', request: 7 };
  await environments.put({ ...key, head: 'a1', stacks, url: null });
  const visitors = new GridEnvironments({
    grid: 'demo',
    environments,
    plan: () => {
      throw new Error('the planner met something');
    },
    policy: defaultPolicy,
    fleet: new Fleet(),
    uptime: () => 0,
    log: silentLog,
    tell: async () => await Promise.resolve(),
  });

  const own = prepareDesired(desiring([aService()]));

  expect(visitors.look(own, { map: null, leftOut: [], tight: [] })).toBeNull();
  await store.close();
});
