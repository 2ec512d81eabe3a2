import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeEngine } from '../support/fake-engine.ts';
import { eventually, type World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;
let engine: FakeEngine;
let running: readonly string[];

beforeEach(async () => {
  ({ world, engine } = await startFlowWorld({
    files: { 'grid.yml': '', [stackFile('web')]: stackOf('web', { instances: 2 }) },
    pollSeconds: 1,
  }));
  await world.final(await world.work.head());
  running = engine.names;
});

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

/** The grid's status says why the repository cannot be read; and everything that ran, runs. */
async function untilFault(code: string): Promise<void> {
  const fault = await eventually(async () => (await world.gridStatus()).fault, `fault ${code}`);
  expect(fault.code).toBe(code);
  expect(fault.since).toBeLessThanOrEqual(Date.now());
  const { repair } = { repair: (await world.events()).filter((event) => event.kind === 'repair') };
  expect(repair).toEqual([]);
  expect(engine.names).toEqual(running);
}

function lookedSince(count: number): number {
  const asked = world.github.git.requests.slice(count);
  return asked.filter(({ operation }) => operation === 'list').length;
}

async function untilNoFault(): Promise<void> {
  await eventually(
    async () => ((await world.gridStatus()).fault === null ? true : null),
    'the repository readable again',
  );
}

describe('with a repository that', () => {
  it('cannot be reached, nothing is removed, the state says so, and it heals by itself', async () => {
    world.github.git.fault({ kind: 'status', status: 503 });
    await untilFault('repository-unreachable');

    world.github.calm();
    await untilNoFault();
    const sha = await world.push({ [stackFile('web')]: stackOf('web', { image: 'demo:2' }) });

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
  });

  it('lost its branch, nothing is removed, and the branch is followed again when it is back', async () => {
    const head = await world.work.head();
    await world.repository.setBranch('main', null);
    await untilFault('branch-missing');

    await world.repository.setBranch('main', head);
    await untilNoFault();

    expect(engine.names).toEqual(running);
  });

  it('was emptied of the grid, everything is held and the commit fails', async () => {
    const sha = await world.push({ 'grid.yml': null, stacks: null }, 'remove everything');

    expect(await world.final(sha)).toMatchObject({ state: 'failure' });
    expect(engine.names).toEqual(running);
  });

  it('is shown as it was before, by a copy that lags, is not deployed backwards', async () => {
    const first = await world.work.head();
    const second = await world.push({ [stackFile('web')]: stackOf('web', { image: 'demo:2' }) });
    await world.final(second);
    const [before, asked] = [await world.deploys(), world.github.git.requests.length];

    await world.repository.setBranch('main', first);
    await eventually(
      async () => (lookedSince(asked) >= 2 ? true : null),
      'two looks at the branch',
    );
    await world.repository.setBranch('main', second);
    const third = await world.push({ [stackFile('web')]: stackOf('web', { instances: 3 }) });

    expect(await world.final(third)).toMatchObject({ state: 'success' });
    const shas = (await world.deploys()).map(({ sha }) => sha);
    expect(shas).toEqual([third, ...before.map(({ sha }) => sha)]);
  });

  it('was set back for good, the older commit is deployed once that is certain', async () => {
    const first = await world.work.head();
    const second = await world.push({ [stackFile('web')]: stackOf('web', { image: 'demo:2' }) });
    await world.final(second);

    await world.work.reset(first);
    await world.work.forcePush();

    await eventually(
      async () => {
        const [newest] = await world.deploys();
        return newest?.sha === first && newest.phase === 'succeeded' ? true : null;
      },
      'the older commit to be deployed',
      60_000,
    );
  });

  it('was rewritten by force, the branch is followed to whatever it points at', async () => {
    const first = await world.work.head();
    const second = await world.push({ [stackFile('web')]: stackOf('web', { image: 'demo:2' }) });
    await world.final(second);

    await world.work.reset(first);
    await world.work.write(`grids/${world.grid}/README.md`, 'rewritten');
    const rewritten = await world.work.commit('another history');
    await world.work.forcePush();

    expect(await world.final(rewritten)).toMatchObject({ state: 'success' });
    const specs = (await world.instances()).map((instance) => instance.state);
    expect(specs).toEqual(['running', 'running']);
  });
});
