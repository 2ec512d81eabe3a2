import { afterEach, beforeEach, expect, it } from 'vitest';
import { GridController } from '../../src/master/controller.ts';
import { DeployLog } from '../../src/master/deploy-log.ts';
import { Environments } from '../../src/master/environments.ts';
import { assigned, Fleet, unheard } from '../../src/master/fleet.ts';
import { GridEnvironments } from '../../src/master/grid-environments.ts';
import { unreviewed } from '../../src/master/plan-review.ts';
import type { Assignment } from '../../src/model/assignment.ts';
import { GridError } from '../../src/model/error.ts';
import type { Service } from '../../src/model/grid.ts';
import { createPlanner, defaultPolicy } from '../../src/planner/plan.ts';
import { wholeGrid } from '../../src/planner/scope.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { aBalancerSettings } from '../support/a-balancing.ts';
import { aGrid, aPlan, aService, aStack, NOW, running, someFacts } from '../support/builders.ts';

const service = aService({ instances: 2 });
const clock = { now: () => time.now, sleep: async () => await Promise.resolve() };
/** Of the wall, which anybody may set, and since the start. */
const time = { now: NOW, uptime: 0 };

let store: Store;
let fleet: Fleet;
let given: string[];
let prepared: object[];
let events: string[];
let announced: string[];
let controller: GridController;

beforeEach(async () => {
  store = await openStore({ path: ':memory:' });
  Object.assign(time, { now: NOW, uptime: 0 });
  given = [];
  prepared = [];
  events = [];
  announced = [];
  mute = [];
  unreadable = null;
  newer = null;
  refusing = ['node-1'];
  controller = aController();
});

afterEach(async () => {
  await controller.stop();
  await store.close();
});

/** Two nodes, and a service that wants an instance on each. */
function aController(wanted = service): GridController {
  fleet = new Fleet();
  for (const name of ['node-1', 'node-2'])
    fleet.put({
      ...unheard({ grid: 'demo', name, now: NOW }),
      online: true,
      observed: true,
      facts: someFacts(),
    });
  return new GridController({
    grid: 'demo',
    ports: {
      source: async ({ sha }) => {
        if (sha === unreadable)
          throw new GridError({ code: 'repository-damaged', message: 'torn', retry: 'later' });
        return await Promise.resolve({ sha, inputs: 'i', files: new Map() });
      },
      verify: async () => await Promise.resolve(null),
      compile: () => {
        const stacks = [aStack({ services: [newer ?? wanted] })];
        return { grid: aGrid(), stacks, failed: [], problems: [] };
      },
      lastGood: async () => await Promise.resolve(null),
      putLastGood: async () => await Promise.resolve(),
      plan: (input) => createPlanner().plan(input),
      network: async ({ mtu }, arrivals) => {
        await Promise.resolve(prepared.push({ mtu, arrivals: Object.fromEntries(arrivals) }));
        return { map: null, leftOut: [], tight: [] };
      },
      preview: () => aPlan(),
      freeze: () => null,
      review: unreviewed,
      scope: () => wholeGrid,
      assign: async (assignment) => await give(assignment),
      fault: async () => await Promise.resolve(),
      proven: {
        list: async () => await store.proven.list('demo'),
        put: async (services) => await store.proven.put(services, NOW),
        remove: async (paths) => await store.proven.remove('demo', paths),
      },
    },
    policy: defaultPolicy,
    environments: new GridEnvironments({
      grid: 'demo',
      environments: new Environments({
        records: store.previewEnvironments,
        onChange: () => undefined,
      }),
      plan: (input) => createPlanner().plan(input),
      policy: defaultPolicy,
      fleet,
      uptime: () => time.uptime,
      log: silentLog,
      tell: async () => await Promise.resolve(),
    }),
    fleet,
    deploys: new DeployLog({
      grid: 'demo',
      records: store.deploys,
      clock,
      explain: () => ({ summary: '', text: '' }),
      announce: async ({ phase, message }) => {
        await Promise.resolve(announced.push(`${phase} ${message}`.trim()));
      },
      announceSources: async () => await Promise.resolve(),
      overtaken: async () => await Promise.resolve(),
    }),
    clock,
    uptime: () => time.uptime,
    log: silentLog,
    onEvent: ({ kind, message }) => events.push(`${kind}: ${message}`),
  });
}

/** Nodes that take their part and do not say how it goes. */
let mute: readonly string[] = [];
/** A commit whose files cannot be read. */
let unreadable: string | null = null;
/** What later commits want. */
let newer: Service | null = null;
/** Nodes that can be given nothing. */
let refusing: readonly string[] = [];

async function give(assignment: Assignment): Promise<void> {
  const { node, instances, generation } = assignment;
  prepared.push({ assigned: node });
  const away = fleet.get('demo', node);
  if (away?.online === false) fleet.put(assigned(away, assignment));
  if (away?.online === false || mute.includes(node)) return;
  if (refusing.includes(node))
    throw new GridError({ code: 'invalid-request', message: `${node}: it is too large` });
  const known = fleet.get('demo', node) ?? unheard({ grid: 'demo', name: node, now: NOW });
  fleet.put({
    ...assigned(known, assignment),
    instances: instances.map(({ number, specHash }) =>
      running(service, number, { specHash, startedAt: time.now }),
    ),
    observedGeneration: generation,
    told: assignment,
  });
  await Promise.resolve(given.push(node));
}

it('a node that cannot be assigned its part starves no other, and fails the deploy when all else is done', async () => {
  controller.revise({ repository: 'grids', sha: 'a1', inputs: 'i' });
  await controller.idle();
  expect(given).toEqual(['node-2']);
  expect(announced.at(-1)).toMatch(/^running/);

  for (let pass = 0; pass < 3; pass += 1) {
    controller.wake();
    await controller.idle();
  }

  expect(announced.at(-1)).toBe('failed node-1: it is too large');
  expect(events.filter((event) => event.startsWith('node-not-assigned'))).toEqual([
    'node-not-assigned: node-1: it is too large',
  ]);
});

it('has the network ready for what a pass is about to assign, before it is assigned', async () => {
  controller.revise({ repository: 'grids', sha: 'a1', inputs: 'i' });
  await controller.idle();

  expect(prepared).toEqual([
    { mtu: 1370, arrivals: {} },
    { mtu: 1370, arrivals: { 'node-1': ['shop/web-1'], 'node-2': ['shop/web-2'] } },
    { assigned: 'node-1' },
    { assigned: 'node-2' },
  ]);
});

it('a deploy runs out of time by a clock that nobody sets', async () => {
  mute = ['node-1', 'node-2'];
  const pass = async (): Promise<string | undefined> => {
    controller.wake();
    await controller.idle();
    return announced.at(-1);
  };
  controller.revise({ repository: 'grids', sha: 'a1', inputs: 'i' });
  await controller.idle();
  expect(await pass()).toMatch(/^running/);

  time.now += 26 * 3_600_000;
  expect(await pass()).toMatch(/^running/);

  time.uptime += 599_000;
  expect(await pass()).toMatch(/^running/);
  time.uptime += 2_000;
  expect(await pass()).toMatch(/^failed not converged after 600 s/);
});

it('a node is not lost because somebody has set the clock', async () => {
  controller.revise({ repository: '', sha: 'a1', inputs: 'i' });
  await controller.idle();
  const node = fleet.get('demo', 'node-2');
  if (node !== null) fleet.put({ ...node, online: false, heardAt: time.uptime });
  const stepsAfter = async (passed: { readonly now: number; readonly uptime: number }) => {
    time.now += passed.now;
    time.uptime += passed.uptime;
    controller.wake();
    await controller.idle();
    return controller.view.plan?.waves[0]?.steps.filter(({ number }) => number === 2);
  };

  expect(await stepsAfter({ now: 26 * 3_600_000, uptime: 60_000 })).toEqual([]);
  expect(await stepsAfter({ now: -26 * 3_600_000, uptime: 60_000 })).toMatchObject([
    { kind: 'create', node: 'node-1', reason: 'node node-2 was lost 2 min ago' },
  ]);
});

it('a commit that changes nothing but what a load balancer serves is no success while its node is away', async () => {
  await controller.stop();
  refusing = [];
  const balancing = aService({ instances: 2, balancer: aBalancerSettings() });
  controller = aController(balancing);
  const after = async (milliseconds: number): Promise<string | undefined> => {
    time.uptime += milliseconds;
    controller.wake();
    await controller.idle();
    return announced.at(-1);
  };
  controller.revise({ repository: '', sha: 'a1', inputs: 'i' });
  await controller.idle();
  expect(await after(0)).toMatch(/^succeeded/);

  const node = fleet.get('demo', 'node-2');
  if (node !== null) fleet.put({ ...node, online: false, heardAt: time.uptime });
  newer = { ...balancing, balancer: aBalancerSettings({ http2: false }) };
  announced = [];
  controller.revise({ repository: '', sha: 'a2', inputs: 'j' });
  await controller.idle();
  expect(announced.filter((line) => line.startsWith('succeeded'))).toEqual([]);
  expect(await after(20_000)).toBe(
    'running shop/web-2: goes by what was wanted before: node node-2 is offline, last seen 20 s ago',
  );

  const back = fleet.get('demo', 'node-2');
  if (back !== null) fleet.put({ ...back, online: true });
  expect(await after(0)).toMatch(/^succeeded/);
});

it('a service is deployed anew when its interval has passed, and that is nobody’s deploy', async () => {
  await controller.stop();
  refusing = [];
  controller = aController(aService({ instances: 2, interval: 3_600 }));
  const afterAll = async (): Promise<readonly (string | undefined)[]> => {
    for (let pass = 0; pass < 5; pass += 1) {
      controller.wake();
      await controller.idle();
    }
    const instances = fleet.nodes('demo').flatMap((node) => node.instances);
    return instances.map(({ current }) => current?.specHash);
  };
  controller.revise({ repository: '', sha: 'a1', inputs: 'i' });
  const first = await afterAll();
  const told = announced.length;

  time.now += 3_599_000;
  expect(await afterAll()).toEqual(first);
  time.now += 2_000;
  const renewed = await afterAll();

  expect(renewed).toHaveLength(2);
  expect(new Set(renewed).size).toBe(1);
  expect(renewed[0]).not.toBe(first[0]);
  expect(announced).toHaveLength(told);
  expect(events.filter((event) => event.startsWith('repair'))).toHaveLength(2);
});

it('what runs is kept in order while the newest commit cannot be read, and that is deployed when it can', async () => {
  refusing = [];
  const passes = async (): Promise<void> => {
    for (let pass = 0; pass < 4; pass += 1) {
      controller.wake();
      await controller.idle();
    }
  };
  const onNode = (name: string) => fleet.get('demo', name)?.instances.map(({ number }) => number);
  controller.revise({ repository: 'grids', sha: 'a1', inputs: 'i' });
  await passes();
  expect(announced.at(-1)).toMatch(/^succeeded/);

  unreadable = 'a2';
  controller.revise({ repository: 'grids', sha: 'a2', inputs: 'j' });
  const lost = fleet.get('demo', 'node-2');
  if (lost !== null) fleet.put({ ...lost, online: false, heardAt: time.uptime });
  time.uptime += 180_000;
  await passes();

  expect(onNode('node-1')).toEqual([1, 2]);
  expect(controller.view.deployId).toBe((await store.deploys.list('demo', { limit: 9 }))[0]?.id);
  expect(await store.deploys.list('demo', { limit: 9 })).toHaveLength(1);

  unreadable = null;
  await passes();
  expect((await store.deploys.list('demo', { limit: 9 }))[0]).toMatchObject({ sha: 'a2' });
});
