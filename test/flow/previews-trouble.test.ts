import { afterEach, describe, expect, it } from 'vitest';
import type { FakePull } from '../forge/fake-pull.ts';
import type { CommitStatus } from '../forge/world.ts';
import { eventually, type World, type WorldOptions } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

async function start(
  options: Partial<WorldOptions> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  const all = { 'grid.yml': '', [stackFile('web')]: stackOf('web'), ...files };
  ({ world } = await startFlowWorld({ ...options, files: all }));
  await world.final(await world.work.head());
}

function path(file: string): string {
  return `grids/${world.grid}/${file}`;
}

const web = (of = {}): Record<string, string> => ({
  [path(stackFile('web'))]: stackOf('web', of),
});

async function planned(sha: string): Promise<CommitStatus> {
  const isFinal = ({ state }: CommitStatus): boolean => state !== 'pending';
  return await world.github.waitForStatus(sha, 'gridops/plan', isFinal, 30_000);
}

function ours(pull: FakePull): readonly string[] {
  const bodies = pull.comments.map(({ body }) => body);
  return bodies.filter((body) => body.startsWith('<!-- gridops:preview '));
}

async function comment(pull: FakePull, holds = (_body: string): boolean => true): Promise<string> {
  return await eventually(async () => {
    const [only] = ours(pull);
    return await Promise.resolve(only !== undefined && holds(only) ? only : null);
  }, 'the comment');
}

describe('a merge queue', () => {
  it('of which no webhook tells is found by polling', async () => {
    await start({ pollSeconds: 1 });
    const pull = await world.repository.openPullRequest({ files: web({ image: 'demo:2' }) });
    await planned(pull.head);
    world.github.disturb({ kind: 'drop-delivery', times: 1_000 });
    const group = await pull.enqueue();
    expect(await planned(group.sha)).toMatchObject({ state: 'success' });
    world.github.calm();
  });

  it('that waited while the master was away is not left waiting', async () => {
    await start();
    const pull = await world.repository.openPullRequest({ files: web({ image: 'demo:2' }) });
    await planned(pull.head);
    await world.stopMaster();
    const group = await pull.enqueue();
    await world.startMaster();
    expect(await planned(group.sha)).toMatchObject({ state: 'success' });
  });
});

describe('the forge', () => {
  it('that has lost our comment to somebody gets it again with the next plan', async () => {
    await start();
    const pull = await world.repository.openPullRequest({ files: web({ image: 'demo:2' }) });
    await comment(pull);
    for (const one of pull.comments) pull.removeComment(one);
    const second = await pull.push(web({ image: 'demo:2', instances: 2 }));
    await comment(pull, (body) => body.includes(second.slice(0, 7)));
  });

  it('that lists nothing for a while loses no pull request', async () => {
    await start();
    world.github.disturb({ kind: 'server-error', status: 500, on: 'pulls/list', times: 2 });
    const pull = await world.repository.openPullRequest({ files: web({ image: 'demo:2' }) });
    expect(await planned(pull.head)).toMatchObject({ state: 'success' });
  });
});

describe('a pull request', () => {
  it('that was closed is left as it is, and gets a plan when it is opened again', async () => {
    await start();
    const pull = await world.repository.openPullRequest({ files: web({ image: 'demo:2' }) });
    await planned(pull.head);
    await comment(pull);
    await pull.close();
    await pull.reopen();
    const again = await pull.push(web({ image: 'demo:2', instances: 2 }));
    await planned(again);
    expect(ours(pull)).toHaveLength(1);
  });
});

describe('the master', () => {
  it('that is stopped meanwhile plans what came, and nothing twice', async () => {
    await start();
    const first = await world.repository.openPullRequest({ files: web({ image: 'demo:2' }) });
    await planned(first.head);
    await comment(first);
    const before = world.github.statuses(first.head).length;
    await world.stopMaster();
    const second = await world.repository.openPullRequest({
      branch: 'other',
      files: web({ instances: 2 }),
    });
    await world.startMaster();

    expect(await planned(second.head)).toMatchObject({ state: 'success' });

    expect(world.github.statuses(first.head)).toHaveLength(before);
    expect(ours(first)).toHaveLength(1);
  });
});
