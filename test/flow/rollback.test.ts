import { afterEach, describe, expect, it } from 'vitest';
import type { PlanPolicy } from '../../src/planner/plan.ts';
import type { CurrentPlan } from '../../src/protocol/plan-api.ts';
import type { ServiceList, ServiceStatus } from '../../src/protocol/service-api.ts';
import type { Store } from '../../src/store/store.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { eventually, type World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;
let engine: FakeEngine;

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

const rollback = 'deploy: {on_failure: rollback}\n';
const web = (of = {}) => ({ [stackFile('web')]: stackOf('web', { instances: 2, ...of }) });
const blog = (of = {}) => ({ [stackFile('blog')]: stackOf('blog', of) });

async function start(
  files: Readonly<Record<string, string>>,
  store?: (store: Store) => Store,
): Promise<string> {
  ({ world, engine } = await startFlowWorld({
    files,
    ...(store === undefined ? {} : { masterPorts: { store } }),
  }));
  const first = await world.work.head();
  await world.final(first);
  return first;
}

async function service(name: string): Promise<ServiceStatus> {
  const { services } = await world.api<ServiceList>(`grids/${world.grid}/services`);
  const found = services.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
}

async function newestPlan(): Promise<CurrentPlan['plan']> {
  return (await world.api<CurrentPlan>(`grids/${world.grid}/plan`)).plan;
}

async function specs(): Promise<readonly string[]> {
  return (await world.instances()).map(
    (one) => `${one.stack}-${one.number} ${one.state} ${one.revision}`,
  );
}

describe('a service that is to be rolled back', () => {
  it('runs its last good spec again, and says that this is not what git says', async () => {
    const first = await start({ 'grid.yml': rollback, ...web() });

    const bad = await world.push(web({ image: 'broken:1' }));

    const status = await world.final(bad);
    expect(status.state).toBe('failure');
    expect(status.description).toMatch(
      /^rolled back, diverges from git: web\/web-\d on node-\d: the container exited with code 1 before it was ready: giving up$/,
    );
    expect(await specs()).toEqual([`web-1 running ${first}`, `web-2 running ${first}`]);
    const { divergence, image, updated } = await service('web');
    expect({ image, updated }).toEqual({ image: 'demo:1', updated: 0 });
    expect(divergence).toMatchObject({
      revision: first,
      failure: { exitCode: 1, log: ['no database', 'giving up'] },
    });
    const { plan, text, converged } = await world.api<CurrentPlan>(`grids/${world.grid}/plan`);
    expect(converged).toBe(false);
    expect(plan.waves).toEqual([]);
    expect(text).toContain(`web/web runs the spec of ${first.slice(0, 7)} again`);
    const [deploy] = await world.deploys();
    const { timeline, remaining, phase } = await world.deploy(deploy?.id ?? '');
    expect(phase).toBe('failed');
    expect(remaining?.rolledBack?.[0]?.failure.log).toEqual(['no database', 'giving up']);
    expect(timeline.map(({ kind }) => kind)).toContain('rolled-back');
  });

  it('stays as it is, however often the master starts, until a commit changes its spec', async () => {
    await start({ 'grid.yml': rollback, ...web(), ...blog() });
    const bad = await world.push(web({ image: 'broken:1' }));
    await world.final(bad);
    const deploys = await world.deploys();
    const starts = engine.count('create');

    await world.stopMaster();
    await world.startMaster();

    const other = await world.push(blog({ image: 'demo:2' }));
    const status = await world.final(other);
    expect(status.state).toBe('failure');
    expect(status.description).toContain('rolled back, diverges from git: web/web-');
    // The one of the blog.
    expect(engine.count('create')).toBe(starts + 1);
    expect(await world.deploys()).toHaveLength(deploys.length + 1);

    const good = await world.push(web({ image: 'demo:2' }));
    expect(await world.final(good)).toMatchObject({ state: 'success' });
    expect((await service('web')).divergence).toBeUndefined();
  });

  it('is tried again on request', async () => {
    await start({ 'grid.yml': rollback, ...web() });
    const bad = await world.push(web({ image: 'broken:1' }));
    await world.final(bad);

    engine.behave('broken:1', { listensAfter: 0 });
    await world.api(`grids/${world.grid}/deploys`, {});

    await world.status(bad, (status) => status.state === 'success');
    expect(await service('web')).toMatchObject({ image: 'broken:1', updated: 2 });
  });

  it('is rolled back as well when the time of the deploy is over', async () => {
    await start({ 'grid.yml': 'deploy: {on_failure: rollback, timeout: 1s}\n', ...web() });

    const deaf = await world.push(web({ image: 'deaf:1' }));

    const status = await world.final(deaf);
    expect(status.description).toMatch(/^rolled back, diverges from git: .*not done after 1 s/);
    await eventually(
      async () => ((await world.instances()).every((one) => one.state === 'running') ? 1 : null),
      'the last good spec',
    );
    expect((await service('web')).image).toBe('demo:1');
  });
});

describe('a service that cannot be rolled back is held, and says why', () => {
  it('when its last good spec needs a volume that the commit does away with', async () => {
    await start({
      'grid.yml': rollback,
      ...web({ more: '    volumes: [data:/data]\nvolumes: {data: {}}\n' }),
    });

    const bad = await world.push(web({ image: 'broken:1' }));

    const status = await world.final(bad);
    expect(status.description).toContain('web/web-1');
    const plan = await newestPlan();
    expect(plan.halted[0]?.notRolledBack).toBe('it needs the volume data');
    expect(plan.rolledBack).toBeUndefined();
  });

  it('when the master has lost what it served with', async () => {
    await start({ 'grid.yml': '', ...web() }, (store) => ({
      ...store,
      proven: {
        list: async () => await Promise.resolve([]),
        put: async () => await Promise.resolve(),
        remove: async () => await Promise.resolve(),
      },
    }));
    await world.final(await world.push(web({ image: 'broken:1' })));
    await world.stopMaster();
    await world.startMaster();

    const bad = await world.push({ 'grid.yml': rollback });

    await world.final(bad);
    const plan = await newestPlan();
    expect(plan.halted[0]?.notRolledBack).toBe('it is not known to have served before');
    expect(plan.rolledBack).toBeUndefined();
    expect(engine.get('web.web-2').phase).toBe('running');
  });

  it('when it is stateful and does not say it itself', async () => {
    await start({ 'grid.yml': rollback, ...web({ more: '    stateful: true\n' }) });

    await world.final(await world.push(web({ image: 'broken:1', more: '    stateful: true\n' })));

    const plan = await newestPlan();
    expect(plan.rolledBack).toBeUndefined();
    expect(plan.halted).toHaveLength(1);
    expect(plan.halted[0]?.notRolledBack).toBeUndefined();
  });
});

describe('after a deploy has failed', () => {
  it('what a person removes is brought back as it was', async () => {
    const first = await start({ 'grid.yml': '', ...web(), ...blog() });
    await world.final(await world.push(web({ image: 'broken:1' })));
    const before = ['web.web-2', 'blog.blog-1'].map((name) => [name, engine.get(name).id] as const);

    for (const [name] of before) engine.removeByHand(name);

    for (const [name, id] of before)
      await eventually(async () => {
        const [one] = engine.names.filter((known) => known === name).map((n) => engine.get(n));
        return await Promise.resolve(one?.phase === 'running' && one.id !== id ? one : null);
      }, name);
    expect((await specs()).filter((line) => !line.includes('web-1'))).toEqual([
      `blog-1 running ${first}`,
      `web-2 updating ${first}`,
    ]);
  });

  it('an instance of before comes back on another node when its own is lost', async () => {
    const policy: PlanPolicy = {
      gracePeriod: { ha: 0, daemon: 0, random: 0 },
      observeGrace: 0,
      atOnce: 1_000,
      confirmed: null,
    };
    ({ world, engine } = await startFlowWorld({
      files: { 'grid.yml': '', ...web({ instances: 3 }) },
      masterPorts: { policy },
    }));
    const first = await world.work.head();
    await world.final(first);
    const bad = await world.push(web({ instances: 3, image: 'broken:1' }));
    await world.final(bad);
    const failed = (await world.instances()).find((one) => one.state === 'failing');
    const gone = failed?.node === 'node-1' ? 'node-2' : 'node-1';

    await world.agents.get(gone)?.stop();
    world.agents.delete(gone);

    await eventually(async () => {
      const all = await world.instances();
      const there = all.filter((one) => one.node === failed?.node && one.revision === first);
      return there.length === 3 ? there : null;
    }, 'the instances of before');
  });
});

describe('a stack whose file moves', () => {
  it('keeps its containers: a name is what it is known by', async () => {
    await start({ 'grid.yml': '', ...web() });
    const before = ['web.web-1', 'web.web-2'].map((name) => engine.get(name).id);
    const journal = [...engine.journal];

    const moved = await world.push({
      [stackFile('web')]: null,
      'other/place.yml': stackOf('web', { instances: 2 }),
      'grid.yml': 'stacks: {web: {file: other/place.yml}}\n',
    });

    expect(await world.final(moved)).toMatchObject({ state: 'success' });
    expect(['web.web-1', 'web.web-2'].map((name) => engine.get(name).id)).toEqual(before);
    expect(engine.journal).toEqual(journal);
  });
});
