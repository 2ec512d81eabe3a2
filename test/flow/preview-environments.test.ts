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

const grid = 'previews:\n  url: https://pr-${PULL_REQUEST}.example.com\n  stacks: {web: {}}\n';

async function start(
  of: { readonly grid?: string; readonly options?: Partial<WorldOptions> } = {},
): Promise<void> {
  const files = { 'grid.yml': of.grid ?? grid, [stackFile('web')]: stackOf('web') };
  ({ world } = await startFlowWorld({ files, ...of.options }));
  await world.final(await world.work.head());
}

const web = (of: Parameters<typeof stackOf>[1] = {}): Record<string, string> => ({
  [`grids/${world.grid}/${stackFile('web')}`]: stackOf('web', of),
});

async function opened(of: Parameters<typeof stackOf>[1] = { image: 'demo:2' }): Promise<FakePull> {
  return await world.repository.openPullRequest({ files: web(of) });
}

async function environment(
  sha: string,
  predicate: (status: CommitStatus) => boolean = ({ state }) => state !== 'pending',
): Promise<CommitStatus> {
  const context = `gridops/environment (${world.grid})`;
  return await world.github.waitForStatus(sha, context, predicate, 30_000);
}

/** Names of the instances that are ready, with their images' tags. */
async function running(): Promise<readonly string[]> {
  const instances = await world.instances();
  return instances
    .filter(({ state }) => state === 'running')
    .map(({ stack, service, number }) => `${stack}/${service}-${number}`)
    .toSorted();
}

async function untilRunning(names: readonly string[]): Promise<void> {
  await eventually(
    async () => (JSON.stringify(await running()) === JSON.stringify(names) ? true : null),
    names.join(', '),
  );
}

describe('a pull request that changes a stack', () => {
  it('runs it beside the one of the branch, follows its commits, and ends with it', async () => {
    await start();
    const main = await world.work.head();
    const pull = await opened();
    const name = `web-pr-${pull.number}`;

    expect(await environment(pull.head)).toMatchObject({
      state: 'success',
      description: `runs: ${name}`,
      targetUrl: `https://pr-${pull.number}.example.com`,
    });
    await untilRunning([`${name}/web-1`, 'web/web-1']);

    const second = await pull.push(web({ image: 'demo:2', instances: 2 }));
    expect(await environment(second)).toMatchObject({ state: 'success' });
    await untilRunning([`${name}/web-1`, `${name}/web-2`, 'web/web-1']);

    await pull.close();
    await untilRunning(['web/web-1']);
    const deploys = await world.deploys();
    expect(deploys.map(({ sha, phase }) => [sha, phase])).toEqual([[main, 'succeeded']]);
  });

  it('is shown in its plan as what the merge changes, and nothing of what it runs', async () => {
    await start();
    const pull = await opened();
    await environment(pull.head);
    pull.comment('/gridops plan');
    const body = await eventually(async () => {
      const [only] = pull.comments.filter((one) => one.body.startsWith('<!-- gridops:preview '));
      return await Promise.resolve(only?.body ?? null);
    }, 'the comment');
    expect(body).not.toContain(`web-pr-${pull.number}`);

    const merged = await pull.merge();
    expect(await world.final(merged)).toMatchObject({ state: 'success' });
    const context = `gridops/plan (${world.grid})`;
    const told = await world.github.waitForStatus(merged, context, () => true, 30_000);
    expect(told.description).toBe(`as shown on #${pull.number}`);
    await untilRunning(['web/web-1']);
  });

  it('that does not start fails by itself, and the branch goes on', async () => {
    await start();
    const pull = await opened({ image: 'broken:1' });
    const status = await environment(pull.head);
    expect(status.state).toBe('failure');
    expect(status.description).toContain('exited');

    const sha = await world.push({ [stackFile('web')]: stackOf('web', { instances: 2 }) });
    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    await untilRunning(['web/web-1', 'web/web-2']);
  });

  it('with an error keeps what it ran before, and says where it is', async () => {
    await start();
    const pull = await opened();
    await environment(pull.head);
    const second = await pull.push(web({ more: '    privileged: true\n' }));
    const status = await environment(second);
    expect(status.state).toBe('failure');
    expect(status.description).toContain(`${stackFile('web')}:3`);
    expect(await running()).toEqual([`web-pr-${pull.number}/web-1`, 'web/web-1']);
  });
});

describe('a pull request that changes something else', () => {
  it('runs nothing, unless all are to run', async () => {
    await start({ grid: grid.replace('{web: {}}', '{web: {when: always}}') });
    const pull = await world.repository.openPullRequest({ files: { 'README.md': 'hello' } });
    await environment(pull.head);
    await untilRunning([`web-pr-${pull.number}/web-1`, 'web/web-1']);

    await world.push({ 'grid.yml': grid });
    await untilRunning(['web/web-1']);
  });
});

describe('a pull request from a fork', () => {
  it('runs nothing, whoever asks for its plan', async () => {
    await start();
    const from = await world.repository.fork();
    const pull = await world.repository.openPullRequest({ files: web({ image: 'demo:2' }), from });
    const isFinal = ({ state }: CommitStatus) => state === 'success';
    await world.github.waitForStatus(pull.head, 'gridops/plan', isFinal, 30_000);
    pull.comment('/gridops plan', 'octocat');
    const shown = `gridops/plan (${world.grid})`;
    await world.github.waitForStatus(pull.head, shown, isFinal, 30_000);
    expect(await running()).toEqual(['web/web-1']);
    const told = world.github.statuses(pull.head).map(({ context }) => context);
    expect(told).not.toContain(`gridops/environment (${world.grid})`);
  });
});

describe('more pull requests than the limit', () => {
  it('wait until one is closed', async () => {
    await start({ grid: `${grid}  limit: 1\n` });
    const first = await opened();
    await environment(first.head);
    const second = await opened({ image: 'demo:2', instances: 2 });
    const waiting = await environment(second.head, ({ state }) => state === 'pending');
    expect(waiting.description).toContain(`#${first.number}`);

    await first.close();
    expect(await environment(second.head)).toMatchObject({ state: 'success' });
    await untilRunning([
      `web-pr-${second.number}/web-1`,
      `web-pr-${second.number}/web-2`,
      'web/web-1',
    ]);
  });
});

describe('what runs for pull requests', () => {
  it('outlives the master, and ends when a request was closed meanwhile', async () => {
    await start({ options: { pollSeconds: 1 } });
    const [one, other] = [await opened(), await opened({ image: 'demo:2', instances: 2 })];
    await environment(one.head);
    await environment(other.head);
    await world.stopMaster();
    await other.close();
    await world.startMaster();
    await untilRunning([`web-pr-${one.number}/web-1`, 'web/web-1']);
  });

  it('never needs a confirmation to go, and never saves a stack from needing one', async () => {
    await start({ grid: `${grid}prune: {budget: 0%}\n` });
    const pull = await opened({ image: 'demo:2', instances: 4 });
    await environment(pull.head);
    await pull.close();
    await untilRunning(['web/web-1']);
  });

  it('gives way to what the branch deploys, says so, and comes back when there is room', async () => {
    await start();
    // Nodes have 8 GiB each.
    const half = '    mem_limit: 5g\n';
    await world.final(await world.push({ [stackFile('web')]: stackOf('web', { more: half }) }));
    const pull = await opened({ image: 'demo:2', more: half });
    expect(await environment(pull.head)).toMatchObject({ state: 'success' });

    const sha = await world.push({ [stackFile('api')]: stackOf('api', { more: half }) });
    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    const failure = await environment(pull.head, ({ state }) => state === 'failure');
    expect(failure.description).toContain('memory free');
    await untilRunning(['api/api-1', 'web/web-1']);

    await world.final(await world.push({ [stackFile('api')]: null }));
    await untilRunning([`web-pr-${pull.number}/web-1`, 'web/web-1']);
    await eventually(async () => {
      const said = await Promise.resolve(world.github.statuses(pull.head));
      const last = said.findLast(({ context }) => context.startsWith('gridops/environment'));
      return last?.state === 'success' ? last : null;
    }, 'its status to be a success again');
  });
});
