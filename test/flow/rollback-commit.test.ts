import { afterEach, describe, expect, it } from 'vitest';
import type { Forge } from '../../src/forge/forge.ts';
import type { Rollback, RollbackRequest } from '../../src/protocol/rollback-api.ts';
import { runGridops } from '../cli/test-cli.ts';
import { API_TOKEN, eventually, type World, type WorldOptions } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

const web = (of = {}) => ({ [stackFile('web')]: stackOf('web', of) });

async function start(
  files: Readonly<Record<string, string>> = { 'grid.yml': '', ...web() },
  options: Partial<WorldOptions> = {},
): Promise<string> {
  ({ world } = await startFlowWorld({ files, ...options }));
  const first = await world.work.head();
  await world.final(first);
  return first;
}

async function pushed(files: Readonly<Record<string, string | null>>): Promise<string> {
  const sha = await world.push(files);
  await world.final(sha);
  return sha;
}

async function rollBack(wish: RollbackRequest): Promise<Rollback> {
  return await world.api<Rollback>(`grids/${world.grid}/rollback`, wish);
}

async function running(): Promise<readonly string[]> {
  const { services } = await world.api<{ services: { name: string; image: string }[] }>(
    `grids/${world.grid}/services`,
  );
  return services.map(({ name, image }) => `${name} ${image}`);
}

describe.each(['native', 'isomorphic'] as const)('going back with the %s engine', (engine) => {
  it('is a commit that brings the files of the last good one back, and is deployed', async () => {
    const first = await start(undefined, { engine });
    const second = await pushed(web({ image: 'demo:2' }));
    const unrelated = await world.work.commitFiles({ 'README.md': 'hello\n' });
    await world.work.push();

    const look = await rollBack({ dryRun: true });

    const file = `grids/${world.grid}/${stackFile('web')}`;
    expect(look).toMatchObject({
      head: unrelated,
      to: first,
      message: 'first',
      files: [{ path: file, kind: 'changed' }],
      undoes: [{ sha: second, author: 'Ada Example', message: 'a change' }],
      others: [],
      done: null,
    });
    expect(look.plan).toContain('~ web/web-1 on node-');
    const { done } = await rollBack({
      to: look.to,
      head: look.head,
      reason: 'it is slow',
      by: 'ada',
    });

    const commit = done?.kind === 'pushed' ? done.commit : '';
    expect(await world.final(commit)).toMatchObject({ state: 'success' });
    expect(await running()).toEqual(['web demo:1']);
    await world.work.git('pull', '-q', 'origin', 'main');
    expect(await world.work.git('log', '-1', '--format=%an%n%B')).toBe(
      `ada via gridops
Roll back grid ${world.grid} to ${first.slice(0, 7)}

it is slow

Undoes:
- ${second.slice(0, 7)} a change (Ada Example)

Gridops-Rollback: ${world.grid} to ${first}
Gridops-Requested-By: ada`,
    );
    expect(await world.work.git('log', '-1', '--format=%(trailers:key=Gridops-Rollback)')).toBe(
      `Gridops-Rollback: ${world.grid} to ${first}`,
    );
    expect(await world.work.git('diff', '--name-only', first)).toBe('README.md');
    const events = await world.events();
    expect(events.map(({ message }) => message)).toContain(
      `rolled back to ${first.slice(0, 7)} by ada`,
    );
  });
});

describe('going back', () => {
  it('from a deploy that failed goes to what was there before, by the command line', async () => {
    const first = await start();
    await pushed(web({ image: 'broken:1' }));
    const env = { GRIDOPS_URL: world.master.url, GRIDOPS_API_TOKEN: API_TOKEN, USER: 'ada' };

    const shown = await runGridops(['rollback', world.grid], { env });

    expect(shown.code).toBe(3);
    expect(shown.out).toContain(`grid ${world.grid} goes back to ${first.slice(0, 7)} first`);
    expect(shown.err).toContain('nothing was changed');
    const done = await runGridops(['rollback', world.grid, '--last-good', '--yes'], { env });
    expect(done).toMatchObject({ code: 0, err: '' });
    await world.work.git('pull', '-q', 'origin', 'main');
    const commit = await world.work.head();
    expect(done.out).toContain(`commit ${commit.slice(0, 7)} is pushed to main`);
    expect(await world.final(commit)).toMatchObject({ state: 'success' });
    const again = await runGridops(['rollback', world.grid, '--yes'], { env });
    expect(again.code).toBe(1);
    expect(again.err).toContain('no other commit');
  });

  it('twice goes back twice, not to and fro', async () => {
    await start();
    const second = await pushed(web({ image: 'demo:2' }));
    await pushed(web({ image: 'demo:2', instances: 2 }));
    const { to, done } = await rollBack({});
    expect(to).toBe(second);
    const commit = done?.kind === 'pushed' ? done.commit : '';
    await world.final(commit);

    const again = await rollBack({});

    expect(again.message).toBe('first');
    expect(again.done?.kind).toBe('pushed');
  });

  it('brings a grid back that somebody has removed', async () => {
    const first = await start();
    await world.work.remove(`grids/${world.grid}`);
    const gone = await world.work.commitFiles({ 'grids/other/grid.yml': 'subnet: 10.99.0.0/16\n' });
    await world.work.push();
    await world.status(gone, ({ description }) => /remove/.test(description ?? ''));

    const { to, done } = await rollBack({});

    expect(to).toBe(first);
    const commit = done?.kind === 'pushed' ? done.commit : '';
    expect(await world.final(commit)).toMatchObject({ state: 'success' });
    expect(await running()).toEqual(['web demo:1']);
  });

  it('keeps sealed values as they are now, and says so', async () => {
    await start();
    await pushed(web({ image: 'demo:2' }));
    const path = `grids/${world.grid}/secrets.yml`;
    await pushed({ 'secrets.yml': 'secrets: {}\n' });

    const look = await rollBack({ to: (await world.deploys()).at(-1)?.sha ?? '', dryRun: true });

    expect(look.kept).toEqual([path]);
    expect(look.files.map((file) => file.path)).not.toContain(path);
  });

  it('brings back shared files that it uses, but not under the feet of another grid', async () => {
    const shared = (image: string) => ({ 'stacks/base/kontena.yml': stackOf('base', { image }) });
    const uses = `stack: test/web
services:
  web:
    extends: {file: ../../../../stacks/base/kontena.yml, service: base}
`;
    await start({ 'grid.yml': '' });
    await world.work.commitFiles({
      ...shared('demo:1'),
      'stacks/unused/kontena.yml': stackOf('unused'),
      [`grids/${world.grid}/stacks/web/kontena.yml`]: uses,
    });
    const first = await pushed({ 'grid.yml': '# first\n' });
    await world.work.commitFiles({
      ...shared('demo:2'),
      'stacks/unused/kontena.yml': stackOf('unused', { image: 'demo:2' }),
    });
    await pushed({ 'grid.yml': '# second\n' });

    const look = await rollBack({ to: first.slice(0, 10), dryRun: true });

    expect(look.files.map(({ path }) => path)).toEqual([
      `grids/${world.grid}/grid.yml`,
      'stacks/base/kontena.yml',
    ]);
    await world.work.commitFiles({
      'grids/zz/grid.yml': 'subnet: 10.99.0.0/16\n',
      'grids/zz/stacks/web/kontena.yml': uses,
    });
    await world.work.push();
    await expect(rollBack({ to: first, dryRun: true })).rejects.toThrow(
      /would change other grids, too \(zz\): they use stacks\/base\/kontena.yml/,
    );
    expect((await rollBack({ to: first, shared: true, dryRun: true })).others).toEqual(['zz']);
  });

  it('does not undo by the way what was pushed since it was shown', async () => {
    await start();
    await pushed(web({ image: 'demo:2' }));
    const { to, head } = await rollBack({ dryRun: true });
    await pushed(web({ image: 'demo:2', instances: 2 }));

    await expect(rollBack({ to, head })).rejects.toThrow(/has changed on the branch since/);
  });

  it('is refused for commits that are none, that have no such grid, and that change nothing', async () => {
    const first = await start();
    const wrong: readonly [RollbackRequest, RegExp][] = [
      [{ to: '0'.repeat(40) }, /is not in the history of the branch/],
      [{ to: '0000000' }, /no commit of the branch begins with 0000000/],
      [{ to: first }, /there is nothing to bring back/],
      [{ to: 'main' }, /400/],
      [{}, /no other commit of grid/],
    ];
    for (const [wish, message] of wrong) await expect(rollBack(wish)).rejects.toThrow(message);
  });

  it('is a pull request where that is asked for, once for each commit', async () => {
    const opened: unknown[] = [];
    const forge = (made: Forge): Forge => ({
      ...made,
      openPullRequest: async (_, of) => {
        opened.push(of);
        return await Promise.resolve({ number: 7, url: 'https://forge.example/pull/7' });
      },
    });
    const first = await start(undefined, { masterPorts: { forge } });
    const second = await pushed(web({ image: 'demo:2' }));

    const { done } = await rollBack({ pullRequest: true, reason: 'it is slow' });

    const branch = `gridops/rollback-${world.grid}-${second.slice(0, 7)}`;
    expect(done).toMatchObject({ kind: 'requested', branch, number: 7 });
    expect(opened).toMatchObject([
      { title: `Roll back grid ${world.grid} to ${first.slice(0, 7)}`, head: branch, base: 'main' },
    ]);
    await world.work.git('fetch', '-q', 'origin', branch);
    expect(await world.work.git('diff', '--name-only', first, 'FETCH_HEAD')).toBe('');
    await expect(rollBack({ pullRequest: true })).rejects.toThrow(/asked for before/);
    expect(await running()).toEqual(['web demo:2']);
  });

  it('is asked for by itself where that is wanted: once for a commit that does not become ready', async () => {
    const opened: { head: string; body: string }[] = [];
    const forge = (made: Forge): Forge => ({
      ...made,
      openPullRequest: async (_, of) => {
        opened.push(of);
        return await Promise.resolve({
          number: opened.length,
          url: 'https://forge.example/pull/1',
        });
      },
    });
    await start(undefined, { masterPorts: { forge }, tracked: { rollbackRequests: true } });
    const bad = await pushed(web({ image: 'broken:1' }));

    await eventually(async () => await Promise.resolve(opened[0] ?? null), 'a pull request');
    await world.stopMaster();
    await world.startMaster();
    await pushed({ [stackFile('web')]: 'services: [\n' });

    expect(opened.map(({ head }) => head)).toEqual([
      `gridops/rollback-${world.grid}-${bad.slice(0, 7)}`,
    ]);
    expect(opened[0]?.body).toContain(`The deploy of ${bad.slice(0, 7)} has failed: web/web-1 on `);
    expect(await world.work.git('ls-remote', 'origin', 'main')).not.toContain(bad);
  });
});
