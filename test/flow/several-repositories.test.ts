import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrackedOptions } from '../../src/master/options.ts';
import type { RepositoryList } from '../../src/protocol/repository-api.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { eventually, type World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';
import { type SecondRepository, secondRepository } from './second-repository.ts';

let world: World;
let engine: FakeEngine;
let other: SecondRepository;
let others: readonly TrackedOptions[] = [];

beforeEach(async () => {
  others = [];
  ({ world, engine } = await startFlowWorld({
    files: { 'grid.yml': '', [stackFile('web')]: stackOf('web', { instances: 2 }) },
    nodes: ['node-1'],
    pollSeconds: 1,
    others: () => others,
  }));
  await world.final(await world.work.head());
  other = await secondRepository(world, 'other');
});

afterEach(async () => {
  const { violations } = world.github;
  await other.dispose();
  await world.stop();
  expect(violations).toEqual([]);
});

async function follow(options: TrackedOptions = other.options()): Promise<void> {
  others = [options];
  await world.stopMaster();
  await world.startMaster();
}

function own(path: string): string {
  return `grids/${world.grid}/${path}`;
}

async function repositories(): Promise<RepositoryList['repositories']> {
  return (await world.api<RepositoryList>('repositories')).repositories;
}

async function untilOwner(name: string): Promise<void> {
  await eventually(
    async () => ((await world.gridStatus()).repository === name ? true : null),
    `the grid in ${name}`,
  );
}

it('each repository has its grids, and its pushes come by a webhook that it has signed', async () => {
  const first = await other.push({
    'grids/second/grid.yml': '',
    [`grids/second/${stackFile('blog')}`]: stackOf('blog'),
  });
  await follow(
    other.options({ repository: { ...other.options().repository, pollSeconds: 3_600 } }),
  );
  other.addWebhook();
  await world.github.waitForStatus(first, 'gridops/second', () => true, 30_000);

  const sha = await other.push({ [`grids/second/${stackFile('blog')}`]: stackOf('blog2') });

  await world.github.waitForStatus(sha, 'gridops/second', () => true, 30_000);
  expect(await repositories()).toMatchObject([
    { name: 'grids', grids: [world.grid], refused: [] },
    { name: 'other', grids: ['second'], refused: [] },
  ]);
  expect((await world.gridStatus()).repository).toBe('grids');
});

describe('a grid that is in two repositories', () => {
  it('stays with the one that had it first, and both commits are told', async () => {
    const running = engine.names;
    const sha = await other.push({
      [own('grid.yml')]: '',
      [own(stackFile('web'))]: stackOf('web', { image: 'demo:2' }),
    });
    await follow();

    const refused = await other.final(sha);
    expect(refused).toMatchObject({ state: 'failure' });
    expect(refused.description).toContain("is the repository grids's, which had it first");
    const { problems } = await eventually(async () => {
      const status = await world.gridStatus();
      return status.problems.length > 0 ? status : null;
    }, 'the warning');
    expect(problems).toMatchObject([{ code: 'grid-taken', severity: 'warning' }]);
    expect(engine.names).toEqual(running);

    await world.stopMaster();
    await world.startMaster();
    await untilOwner('grids');
    expect(engine.names).toEqual(running);
  });

  it('stays with its owner while that cannot be read', async () => {
    const running = engine.names;
    await other.push({
      [own('grid.yml')]: '',
      [own(stackFile('web'))]: stackOf('web', { image: 'demo:2' }),
    });
    await world.repository.setBranch('main', null);
    await follow();

    await eventually(async () => {
      const [owner, rival] = await repositories();
      return owner?.fault !== null && rival?.refused.length === 1 ? true : null;
    }, 'the owner unreadable, the other one refused');
    expect((await world.gridStatus()).repository).toBe('grids');
    expect(engine.names).toEqual(running);
  });
});

describe('a grid that moves', () => {
  it('goes over with all that runs when it is added there and then removed here', async () => {
    const running = engine.names;
    await follow();
    const added = await other.push({
      [own('grid.yml')]: '',
      [own(stackFile('web'))]: stackOf('web', { instances: 2 }),
    });
    await other.final(added);

    await world.push({ 'grid.yml': null, stacks: null });
    await untilOwner('other');
    await world.github.waitForStatus(
      added,
      `gridops/${world.grid}`,
      ({ state }) => state === 'success',
      30_000,
    );
    expect(engine.names).toEqual(running);

    const sha = await other.push({ [own(stackFile('web'))]: stackOf('web', { image: 'demo:2' }) });
    expect(await other.final(sha)).toMatchObject({ state: 'success' });
  });

  it('is held with all that runs when it is removed first', async () => {
    const running = engine.names;
    await follow();
    const removed = await world.push({ 'grid.yml': null, stacks: null });
    expect(await world.final(removed)).toMatchObject({ state: 'failure' });

    const added = await other.push({
      [own('grid.yml')]: '',
      [own(stackFile('web'))]: stackOf('web', { instances: 2 }),
    });

    expect(await other.final(added)).toMatchObject({ state: 'success' });
    expect(engine.names).toEqual(running);
  });
});

it('a repository that cannot be read keeps no other one from being deployed', async () => {
  others = [other.options()];
  await world.repository.setBranch('main', null);
  await world.stopMaster();
  await world.startMaster();

  const sha = await other.push({
    'grids/second/grid.yml': '',
    [`grids/second/${stackFile('blog')}`]: stackOf('blog'),
  });

  await world.github.waitForStatus(sha, 'gridops/second', () => true, 30_000);
});
