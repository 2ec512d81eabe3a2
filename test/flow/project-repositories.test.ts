import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrackedOptions } from '../../src/master/options.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { eventually, type World } from '../support/world.ts';
import { stackOf, startFlowWorld } from './flow-world.ts';
import { type SecondRepository, secondRepository } from './second-repository.ts';

let world: World;
let engine: FakeEngine;
let shop: SecondRepository;
let others: readonly TrackedOptions[] = [];

const file = 'deploy/kontena.yml';

function gridFile(more = ''): string {
  return `stacks:\n  shop: {repository: shop, path: ${file}${more}}\n`;
}

beforeEach(async () => {
  others = [];
  ({ world, engine } = await startFlowWorld({
    files: { 'grid.yml': 'drift: repair\n' },
    nodes: ['node-1'],
    pollSeconds: 1,
    others: () => others,
  }));
  shop = await secondRepository(world, 'shop');
});

afterEach(async () => {
  const { violations } = world.github;
  await shop.dispose();
  await world.stop();
  expect(violations).toEqual([]);
});

/** Only its webhook tells of a push to the project. */
async function follow(over: Partial<TrackedOptions> = {}): Promise<void> {
  const repository = { ...shop.options().repository, pollSeconds: 3_600 };
  others = [shop.options({ holds: 'stacks', repository, ...over })];
  await world.stopMaster();
  await world.startMaster();
  shop.addWebhook();
}

async function images(): Promise<readonly string[]> {
  return (
    await world.api<{ services: { image: string }[] }>(`grids/${world.grid}/services`)
  ).services.map(({ image }) => image);
}

describe('a stack from another repository', () => {
  it('at a branch follows each push to it, and both commits are told', async () => {
    const first = await shop.push({ [file]: stackOf('web') });
    await follow();
    const sha = await world.push({ 'grid.yml': gridFile() });
    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    expect(await shop.final(first)).toMatchObject({ state: 'success' });
    expect((await world.gridStatus()).foreign).toEqual([
      { stack: 'shop', repository: 'shop', sha: first },
    ]);

    const next = await shop.push({ [file]: stackOf('web', { image: 'demo:2' }) });
    const told = await shop.final(next);
    expect(told).toMatchObject({
      state: 'success',
      description: expect.stringContaining('updated'),
    });
    expect(await images()).toEqual(['demo:2']);

    const deploys = await world.deploys();
    const unrelated = await shop.push({ 'src/app.js': 'code' });
    expect(await shop.final(unrelated)).toMatchObject({ description: 'no changes for this grid' });
    expect(await world.deploys()).toHaveLength(deploys.length);
    expect((await world.gridStatus()).head).toBe(sha);
  });

  it('at a tag stays where that is until it is moved', async () => {
    await shop.push({ [file]: stackOf('web') });
    await shop.work.git('tag', 'v1');
    await shop.work.git('push', '-q', 'origin', 'v1');
    await follow();
    expect(
      await world.final(await world.push({ 'grid.yml': gridFile(', ref: v1') })),
    ).toMatchObject({
      state: 'success',
    });

    const next = await shop.push({ [file]: stackOf('web', { image: 'demo:2' }) });
    expect(await images()).toEqual(['demo:1']);

    await shop.work.git('tag', '-f', '-a', '-m', 'moved', 'v1', next);
    await shop.work.git('push', '-q', '-f', 'origin', 'v1');
    expect(await shop.final(next)).toMatchObject({ state: 'success' });
    expect(await images()).toEqual(['demo:2']);
  });

  it('at a commit stays there whatever is pushed', async () => {
    const first = await shop.push({ [file]: stackOf('web') });
    await shop.push({ [file]: stackOf('web', { image: 'demo:2' }) });
    await follow();
    const sha = await world.push({ 'grid.yml': gridFile(`, ref: ${first}`) });
    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    expect(await shop.final(first)).toMatchObject({ state: 'success' });
    expect(await images()).toEqual(['demo:1']);
  });

  it('that has a problem keeps what runs, and the commit of the project says where it is', async () => {
    await shop.push({ [file]: stackOf('web') });
    await follow();
    await world.final(await world.push({ 'grid.yml': gridFile() }));
    const running = engine.names;

    const broken = await shop.push({ [file]: 'services:\n  web: {imge: "demo:1"}\n' });

    const told = await shop.final(broken);
    expect(told.state).toBe('failure');
    expect(told.description).toContain(`@shop/${file}:2:9`);
    expect(engine.names).toEqual(running);
  });
});

describe('what cannot be had', () => {
  it.each([
    ['a ref that is not there', ', ref: v9', 'has no branch or tag "v9"'],
    ['a folder that is not there', ', path: other/kontena.yml', 'has no folder "other"'],
    [
      'a file that is not there',
      ', path: deploy/other.yml',
      'there is no file "@shop/deploy/other.yml"',
    ],
  ])('is said at its place: %s', async (_what, more, message) => {
    await shop.push({ [file]: stackOf('web') });
    await follow();
    await world.final(await world.push({ 'grid.yml': gridFile() }));
    const running = engine.names;

    const text = more.includes('path')
      ? gridFile(more).replace(`, path: ${file}`, '')
      : gridFile(more);
    const told = await world.final(await world.push({ 'grid.yml': text }));

    expect(told.state).toBe('failure');
    expect(told.description).toContain(message);
    expect(told.description).toMatch(/grid\.yml:2:\d+/);
    expect(engine.names).toEqual(running);
  });

  it('is a repository that the settings do not give to this one', async () => {
    await shop.push({ [file]: stackOf('web') });
    await follow({ usedBy: ['other'] });
    const told = await world.final(await world.push({ 'grid.yml': gridFile() }));
    expect(told.state).toBe('failure');
    expect(told.description).toContain('name no repository "shop"');
    expect(engine.names).toEqual([]);
  });

  it('are grids of a repository that holds stacks only', async () => {
    await shop.push({
      [file]: stackOf('web'),
      'grids/mine/grid.yml': '',
      'grids/mine/stacks/web/kontena.yml': stackOf('web'),
    });
    await follow();
    await world.final(await world.push({ 'grid.yml': gridFile() }));
    expect(await world.apiStatus('GET', 'grids/mine')).toBe(404);
  });
});

describe('a project that cannot be read', () => {
  it('keeps its stack as it was, and holds nothing else up', async () => {
    await shop.push({ [file]: stackOf('web') });
    await follow();
    await world.final(await world.push({ 'grid.yml': gridFile() }));
    const running = engine.names;
    await shop.repository.setBranch('main', null);
    await world.stopMaster();
    await world.startMaster();

    const sha = await world.push({ 'stacks/blog/kontena.yml': stackOf('blog') });

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    expect(engine.names).toEqual(expect.arrayContaining([...running]));
  });

  it('and was never read holds back its stack alone, until it can be', async () => {
    const head = await shop.push({ [file]: stackOf('web') });
    await shop.repository.setBranch('main', null);
    await follow();
    const sha = await world.push({
      'grid.yml': gridFile(),
      'stacks/blog/kontena.yml': stackOf('blog'),
    });
    const told = await world.final(sha);
    expect(told.description).toContain('the repository shop cannot be read');
    await eventually(
      async () => ((await images()).includes('demo:1') ? true : null),
      'the other stack deployed',
    );

    await shop.repository.setBranch('main', head);
    await world.status(sha, ({ state }) => state === 'success');
    expect(await shop.final(head)).toMatchObject({ state: 'success' });
  });
});
