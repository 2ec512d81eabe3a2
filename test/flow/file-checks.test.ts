import { afterEach, describe, expect, it } from 'vitest';
import type { CheckRun } from '../forge/world.ts';
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
  ({ world } = await startFlowWorld({ asApp: true, ...options, files: all }));
  await world.final(await world.work.head());
}

const wrong = stackOf('web').replace('image:', 'imag:');

function web(text: string): Record<string, string> {
  return { [`grids/${world.grid}/${stackFile('web')}`]: text };
}

/** The newest of its name, which is the one that GitHub shows. */
async function check(
  sha: string,
  name: string,
  holds: (run: CheckRun) => boolean = () => true,
): Promise<CheckRun> {
  return await eventually(async () => {
    const run = world.repository.checkRuns.findLast((one) => one.sha === sha && one.name === name);
    const isDone = run?.status === 'completed' && holds(run);
    return await Promise.resolve(isDone ? run : null);
  }, `check run ${name}`);
}

describe('a pull request', () => {
  it('has what is wrong in its files at their lines, and no more once it is mended', async () => {
    await start();
    const pull = await world.repository.openPullRequest({ files: web(wrong) });

    const bad = await check(pull.head, 'gridops/files');
    expect(bad).toMatchObject({
      conclusion: 'failure',
      detailsUrl: expect.stringMatching(/^https:\/\/gridops\.example\.com\/previews\//),
      annotations: [
        {
          path: `grids/${world.grid}/${stackFile('web')}`,
          start_line: expect.any(Number),
          annotation_level: 'failure',
          message: expect.stringContaining('imag'),
        },
      ],
    });

    const mended = await pull.push(web(stackOf('web', { image: 'demo:2' })));
    const good = await check(mended, 'gridops/files');
    expect(good).toMatchObject({ conclusion: 'success', annotations: [] });
  });

  it('from a fork is neither right nor wrong until it is planned', async () => {
    await start();
    const from = await world.repository.fork();
    const pull = await world.repository.openPullRequest({ files: web(wrong), from });
    await check(pull.head, 'gridops/files', ({ conclusion }) => conclusion === 'neutral');
    pull.comment('/gridops plan', 'octocat');
    await check(pull.head, 'gridops/files', ({ conclusion }) => conclusion === 'failure');
  });

  it('has one check run where the answer to the first was lost', async () => {
    await start();
    const lost = { kind: 'server-error', status: 502, afterDoing: true } as const;
    world.github.disturb({ ...lost, on: 'checks/create' });
    const pull = await world.repository.openPullRequest({ files: web(wrong) });
    await world.github.waitForRequest(({ operation }) => operation === 'checks/create');
    await eventually(
      async () =>
        await Promise.resolve(
          world.github.requests.filter(({ operation }) => operation === 'checks/list-for-ref')
            .length > 1
            ? true
            : null,
        ),
      'it is looked for again',
    );
    await check(pull.head, 'gridops/files');
    expect(world.repository.checkRuns).toHaveLength(1);
  });
});

describe('a check run that is asked for once more', () => {
  it('plans its pull request again', async () => {
    await start();
    const pull = await world.repository.openPullRequest({ files: web(wrong) });
    const first = await check(pull.head, 'gridops/files');
    world.repository.rerun(first);
    const second = await check(pull.head, 'gridops/files', ({ id }) => id !== first.id);
    expect(second).toMatchObject({ conclusion: 'failure' });
    expect(second.detailsUrl).not.toBe(first.detailsUrl);
  });

  it('of a deployed commit is told as it was', async () => {
    await start();
    const broken = await world.push({ [stackFile('web')]: wrong });
    const name = `gridops/files (${world.grid})`;
    const first = await check(broken, name);
    world.repository.rerun(first);
    const second = await check(broken, name, ({ id }) => id !== first.id);
    expect(second).toMatchObject({ conclusion: 'failure', annotations: first.annotations });
  });
});

describe('a commit that is deployed', () => {
  it('has what is wrong with its grid, and only such a commit does', async () => {
    await start();
    const name = `gridops/files (${world.grid})`;
    const broken = await world.push({ [stackFile('web')]: wrong });
    expect(await world.final(broken)).toMatchObject({ state: 'failure' });
    const run = await check(broken, name);
    expect(run).toMatchObject({
      conclusion: 'failure',
      detailsUrl: expect.stringMatching(/\/deploys\//),
    });

    await world.final(await world.push({ [stackFile('web')]: stackOf('web') }));
    expect(world.repository.checkRuns.map(({ sha }) => sha)).toEqual([broken]);
  });
});

describe('a merge queue', () => {
  it('has the check for its own commits, so that it can be required', async () => {
    await start();
    const files = web(stackOf('web', { image: 'demo:2' }));
    const pull = await world.repository.openPullRequest({ files });
    await check(pull.head, 'gridops/files');
    const group = await pull.enqueue();
    expect(await check(group.sha, 'gridops/files')).toMatchObject({ conclusion: 'success' });
  });
});

it('with a token there are no check runs, and nothing is asked for', async () => {
  await start({ asApp: false });
  const pull = await world.repository.openPullRequest({ files: web(wrong) });
  await world.github.waitForStatus(pull.head, 'gridops/plan', ({ state }) => state === 'failure');
  expect(world.github.requests.some(({ path }) => path.includes('check-runs'))).toBe(false);
});
