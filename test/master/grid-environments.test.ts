import { afterEach, beforeEach, expect, it } from 'vitest';
import { Environments } from '../../src/master/environments.ts';
import { Fleet, unheard } from '../../src/master/fleet.ts';
import { type EnvironmentVerdict, GridEnvironments } from '../../src/master/grid-environments.ts';
import { prepareDesired } from '../../src/master/prepare.ts';
import type { Plan } from '../../src/model/plan.ts';
import { defaultPolicy } from '../../src/planner/plan.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { aPlan, aService, aStack, desiring } from '../support/builders.ts';

const own = prepareDesired(desiring([aService()]));
const open = { refusals: new Map(), frozen: null };
const network = { map: null, leftOut: [], tight: [] };
const request = { grid: 'demo', repository: 'grids', request: 7 };
const stacks = [aStack({ name: 'shop-pr-7', services: [aService({ stack: 'shop-pr-7' })] })];

let store: Store;
let environments: Environments;
let now: number;

beforeEach(async () => {
  now = 0;
  store = await openStore({ path: ':memory:' });
  environments = new Environments({
    records: store.previewEnvironments,
    onChange: () => undefined,
  });
  await environments.put({ ...request, head: 'a1', stacks, url: null });
});

afterEach(async () => await store.close());

/** The visitors of a grid with one node, whose plan is always the same. */
function visiting(plan: () => Plan, told: EnvironmentVerdict[] = []): GridEnvironments {
  const fleet = new Fleet();
  fleet.put(unheard({ grid: 'demo', name: 'a', now }));
  return new GridEnvironments({
    grid: 'demo',
    environments,
    plan,
    policy: defaultPolicy,
    fleet,
    uptime: () => now,
    log: silentLog,
    tell: async (_, verdict) => await Promise.resolve(void told.push(verdict)),
  });
}

it('a fault of ours on what a pull request runs keeps nothing of the branch waiting', () => {
  const visitors = visiting(() => {
    throw new Error('the planner met something');
  });
  expect(visitors.look(own, network)).toBeNull();
});

it('a commit that is back has all the time that deploys have', async () => {
  const waiting = { stack: 'shop-pr-7', service: 'web', number: 1, reason: 'node a is away' };
  const told: EnvironmentVerdict[] = [];
  const visitors = visiting(() => aPlan({ waiting: [waiting] }), told);
  const look = async (): Promise<void> => {
    const visit = visitors.look(own, network);
    if (visit !== null) await visitors.follow(visit, open);
  };
  await look();
  await environments.close(request);
  await look();
  now += own.desired.grid.deployTimeout * 1_000;
  await environments.put({ ...request, head: 'a1', stacks, url: null });
  await look();
  expect(told.map(({ phase }) => phase)).toEqual(['running', 'running']);

  now += own.desired.grid.deployTimeout * 1_000;
  await look();
  expect(told.at(-1)?.phase).toBe('failed');
});

it('a commit in a grid that is frozen waits, says so, and has all its time afterwards', async () => {
  const waiting = { stack: 'shop-pr-7', service: 'web', number: 1, reason: 'starting' };
  const told: EnvironmentVerdict[] = [];
  const visitors = visiting(() => aPlan({ waiting: [waiting] }), told);
  const look = async (frozen: string | null): Promise<EnvironmentVerdict | undefined> => {
    const visit = visitors.look(own, network);
    if (visit !== null) await visitors.follow(visit, { ...open, frozen });
    return told.at(-1);
  };
  await look(null);
  now += own.desired.grid.deployTimeout * 1_000;

  const message = 'closed until 08:00: frozen by ada';
  expect(await look(message)).toEqual({ phase: 'running', message });
  expect(await look(null)).toMatchObject({
    phase: 'running',
    message: 'shop-pr-7/web-1: starting',
  });
  now += own.desired.grid.deployTimeout * 1_000;
  expect(await look(null)).toMatchObject({ phase: 'failed' });
});
