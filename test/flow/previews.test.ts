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
  files: Readonly<Record<string, string>> = {},
  options: Partial<WorldOptions> = {},
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

async function aggregate(
  sha: string,
  predicate = ({ state }: CommitStatus): boolean => state !== 'pending',
): Promise<CommitStatus> {
  return await world.github.waitForStatus(sha, 'gridops/plan', predicate, 30_000);
}

async function ofGrid(sha: string): Promise<CommitStatus> {
  const context = `gridops/plan (${world.grid})`;
  return await world.github.waitForStatus(sha, context, ({ state }) => state !== 'pending', 30_000);
}

/** The one comment of ours; there must never be two. */
async function comment(pull: FakePull, holds: (body: string) => boolean): Promise<string> {
  return await eventually(async () => {
    const ours = pull.comments.filter(({ body }) => body.startsWith('<!-- gridops:preview '));
    expect(ours.length).toBeLessThan(2);
    const [only] = ours;
    return await Promise.resolve(only !== undefined && holds(only.body) ? only.body : null);
  }, 'the comment');
}

const short = (sha: string): string => sha.slice(0, 7);

describe('a pull request', () => {
  it('says that its plan is out of date while it is planned anew, and only then', async () => {
    await start({ [stackFile('api')]: stackOf('api') });
    const pull = await world.repository.openPullRequest({ files: web({ image: 'demo:2' }) });
    await comment(pull, (body) => body.includes(short(pull.head)));
    await aggregate(pull.head);
    await ofGrid(pull.head);
    await world.push({ '../../README.md': 'no grid is touched by this' });
    const moved = await world.push({ [stackFile('api')]: stackOf('api', { instances: 2 }) });
    await comment(pull, (body) => body.includes(short(moved)) && !body.includes('Out of date'));
    await world.final(moved);

    for (const context of ['gridops/plan', `gridops/plan (${world.grid})`]) {
      const last = () =>
        world.github.statuses(pull.head).findLast((status) => status.context === context);
      await eventually(
        async () => await Promise.resolve(last()?.state === 'success' ? true : null),
        `${context} is final`,
      );
    }
    const planned = world.github
      .statuses(pull.head)
      .filter(({ context, state }) => context === 'gridops/plan' && state === 'success');
    expect(planned.map(({ description }) => description)).toHaveLength(2);
    const { previews } = await world.api<{ previews: { id: string }[] }>(
      `grids/${world.grid}/previews`,
    );
    const [newest] = previews;
    expect(await world.api(`previews/${newest?.id ?? ''}`)).toMatchObject({
      newer: null,
      outdated: null,
    });
  });

  it('with an error in a file fails with the place, and changes nothing', async () => {
    await start();
    const files = { [path(stackFile('web'))]: stackOf('web').replace('image:', 'imag:') };
    const pull = await world.repository.openPullRequest({ files });
    const status = await aggregate(pull.head);
    expect(status.state).toBe('failure');
    expect(await comment(pull, (body) => body.includes('kontena.yml:'))).toContain('imag');
  });

  it('that touches no grid has nothing to deploy', async () => {
    await start();
    const pull = await world.repository.openPullRequest({ files: { 'README.md': 'hello' } });
    const status = await aggregate(pull.head);
    expect(status).toMatchObject({ state: 'success' });
  });

  it('that is a draft is planned as any other', async () => {
    await start();
    const files = web({ image: 'demo:2' });
    const pull = await world.repository.openPullRequest({ files, draft: true });
    expect(await aggregate(pull.head)).toMatchObject({ state: 'success' });
  });
});

describe('a merge queue', () => {
  it('is told of each group what it would do', async () => {
    await start();
    const pull = await world.repository.openPullRequest({ files: web({ image: 'demo:2' }) });
    await aggregate(pull.head);
    const group = await pull.enqueue();
    expect(await aggregate(group.sha)).toMatchObject({ state: 'success' });
    await pull.finish(group);
    expect(await world.final(group.sha)).toMatchObject({ state: 'success' });
  });
});

describe('commands', () => {
  it('freeze a grid and lift it again', async () => {
    await start();
    const pull = await world.repository.openPullRequest({ files: web({ image: 'demo:2' }) });
    await aggregate(pull.head);

    pull.comment(`/gridops freeze ${world.grid} 2h`);
    await eventually(
      async () => ((await world.gridStatus()).freeze === undefined ? null : true),
      'frozen',
    );
    pull.comment(`/gridops unfreeze ${world.grid}`);
    await eventually(
      async () => ((await world.gridStatus()).freeze === undefined ? true : null),
      'unfrozen',
    );
    await eventually(async () => {
      const answers = pull.comments.filter(({ body }) => body.startsWith('<!-- gridops:answer '));
      return await Promise.resolve(answers.length === 2 ? true : null);
    }, 'both are answered');
  });
});

describe('a grid that requires reviewed plans', () => {
  const strict = { 'grid.yml': 'deploy: {require_reviewed_plan: true}\n' };

  it('holds what was pushed past the pull requests until it is approved', async () => {
    await start();
    await world.push(strict);
    await eventually(async () => {
      const [deploy] = await world.deploys();
      return deploy?.phase === 'succeeded' || deploy?.phase === 'held' ? true : null;
    }, 'the rule is taken up');
    const [asked] = await world.deploys();
    if (asked?.phase === 'held')
      await world.api(`deploys/${asked.id}/approve`, {
        planHash: (await world.deploy(asked.id)).plan?.hash,
      });
    await eventually(
      async () => ((await world.deploys())[0]?.phase === 'succeeded' ? true : null),
      'the rule holds',
    );

    const sha = await world.push({ [stackFile('web')]: stackOf('web', { image: 'demo:2' }) });
    const held = await world.status(
      sha,
      ({ description }) => description?.startsWith('held') === true,
    );
    expect(held.description).toContain('no pull request has shown its plan');

    const [deploy] = await world.deploys();
    await world.api(`deploys/${deploy?.id ?? ''}/approve`, {
      planHash: (await world.deploy(deploy?.id ?? '')).plan?.hash,
    });
    expect(await world.final(sha)).toMatchObject({ state: 'success' });
  });
});
