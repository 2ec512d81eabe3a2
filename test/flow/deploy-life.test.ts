import { afterEach, describe, expect, it } from 'vitest';
import type { DeployStarted } from '../../src/protocol/deploy-api.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { eventually, type World, type WorldOptions } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;
let engine: FakeEngine;

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

async function start(
  files: Readonly<Record<string, string>>,
  options: Partial<WorldOptions> = {},
): Promise<void> {
  ({ world, engine } = await startFlowWorld({ files, ...options }));
}

const web = (of: Parameters<typeof stackOf>[1] = {}) => ({
  [stackFile('web')]: stackOf('web', of),
});
const QUICK = 'deploy: {timeout: 1s}\nprune: {budget: 10%}\n';

async function deployOf(sha: string) {
  return (await world.deploys()).find((one) => one.sha === sha);
}

/** Five instances, of which the newest commit wants one: held until somebody confirms it, for longer than a deploy may take. */
async function heldForLong(): Promise<string> {
  await start({ 'grid.yml': QUICK, ...web({ instances: 5 }) });
  await world.final(await world.work.head());
  const sha = await world.push(web({ instances: 1 }));
  await world.status(sha, ({ description }) => description?.startsWith('held: ') === true);
  const since = Date.now();
  await eventually(
    async () => await Promise.resolve(Date.now() - since > 1_200 ? true : null),
    'the time that a deploy may take',
  );
  return sha;
}

/** As a person does: until nodes have reported to a master that was started anew, the plan that he has read may change. */
async function approve(sha: string): Promise<void> {
  await eventually(async () => {
    const found = await deployOf(sha);
    if (found?.phase !== 'held') return null;
    const { id, plan } = await world.deploy(found.id);
    const confirmed = world.api(`deploys/${id}/approve`, { planHash: plan?.hash });
    return await confirmed.then(
      () => true,
      (error: Error) => {
        if (error.message.includes('plan-changed')) return null;
        throw error;
      },
    );
  }, 'a held deploy that is confirmed');
}

describe('the time that a deploy may take', () => {
  it('does not run while it waits for somebody to confirm it', async () => {
    const sha = await heldForLong();

    await approve(sha);

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    const timeline = (await world.deploy((await deployOf(sha))?.id ?? '')).timeline;
    expect(timeline.map((entry) => entry.kind)).not.toContain('failed');
    expect(engine.names).toHaveLength(1);
  });

  it('does not run while the master is away', async () => {
    const sha = await heldForLong();
    await world.stopMaster();
    await world.startMaster();

    await approve(sha);

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
  });
});

describe('a deploy', () => {
  it('of a grid that never was good ends, also when it is asked for again', async () => {
    await start({ 'grid.yml': 'subnet: [' });
    const sha = await world.work.head();
    expect(await world.final(sha)).toMatchObject({ state: 'failure' });

    const path = `grids/${world.grid}/deploys`;
    const { deploy } = await world.api<DeployStarted>(path, {});

    const ended = await eventually(async () => {
      const found = await world.deploy(deploy.id);
      return found.phase === 'failed' ? found : null;
    }, 'the end of it');
    expect(ended.trigger).toBe('request');
    expect(await world.final(sha)).toMatchObject({ state: 'failure' });
  });

  it('that is resumed is told with the address where its page is', async () => {
    await start({ 'grid.yml': '', ...web() }, { publicUrl: null });
    const sha = await world.work.head();
    await world.final(sha);
    await world.stopMaster();
    await world.startMaster();

    const next = await world.push(web({ image: 'demo:2' }));
    await world.final(next);

    const urls = [sha, next].flatMap((one) =>
      world.github.statuses(one).map(({ targetUrl }) => targetUrl ?? ''),
    );
    expect(urls.filter((url) => !/^http:\/\/127\.0\.0\.1:\d+\/deploys\//.test(url))).toEqual([]);
  });

  it('of a new grid says nothing about commits from before it', async () => {
    await start({ 'grid.yml': '', ...web() });
    const before = await world.work.head();
    await world.final(before);

    await world.work.write('grids/another/grid.yml', '');
    const sha = await world.push({});
    await world.github.waitForStatus(sha, 'gridops/another', ({ state }) => state !== 'pending');
    await world.announcePush(before);
    await world.final(await world.push(web({ image: 'demo:2' })));

    expect(world.github.statuses(before).map(({ context }) => context)).not.toContain(
      'gridops/another',
    );
  });

  it('is no success while a node that is away may still run what it takes away', async () => {
    await start({ 'grid.yml': 'prune: {budget: 100%}\n', ...web({ instances: 2 }) });
    await world.final(await world.work.head());
    await world.agents.get('node-2')?.stop();

    const sha = await world.push(web({ instances: 0 }));
    const { phase } = await eventually(async () => {
      const found = await deployOf(sha);
      return found?.message.includes('may still run: node node-2') === true ? found : null;
    }, 'a deploy that waits for the node');
    expect(phase).toBe('running');
    expect(engine.names).toHaveLength(1);
    await world.startAgent('node-2');

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    expect(engine.names).toEqual([]);
  });

  it('is no failure while the only node that can take something is away for a moment', async () => {
    await start({ 'grid.yml': '', ...web() });
    await world.final(await world.work.head());
    await world.agents.get('node-2')?.stop();

    const api = stackOf('api', { more: '    affinity: [node==node-2]\n' });
    const sha = await world.push({ [stackFile('api')]: api });
    await eventually(async () => {
      const found = await deployOf(sha);
      return found?.message.includes('node node-2 is offline') === true ? found : null;
    }, 'a deploy that waits for the node');
    await world.startAgent('node-2');
    await world.final(sha);

    expect(new Set(world.github.statuses(sha).map(({ state }) => state))).toEqual(
      new Set(['pending', 'success']),
    );
  });
});
