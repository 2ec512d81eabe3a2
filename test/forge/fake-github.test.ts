import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorkRepository, type WorkRepository } from '../support/temp-repo.ts';
import { clientOf } from './client.ts';
import { type FakeGithub, startFakeGithub } from './fake-github.ts';
import type { FakeRepository } from './fake-repository.ts';
import { type Receiver, startReceiver } from './receiver.ts';

const NOTHING = '0'.repeat(40);

let fake: FakeGithub;
let repository: FakeRepository;
let receiver: Receiver;
let token: string;
let work: WorkRepository;

beforeEach(async () => {
  fake = await startFakeGithub();
  repository = await fake.createRepository();
  receiver = await startReceiver();
  token = fake.createToken('ada');
  work = await createWorkRepository({ remote: withToken(repository.cloneUrl) });
});

afterEach(async () => {
  await receiver.close();
  await fake.close();
  await work.dispose();
  expect(fake.violations).toEqual([]);
});

function withToken(url: string): string {
  return url.replace('//', `//x-access-token:${token}@`);
}

function named(): { readonly owner: string; readonly repo: string } {
  return { owner: repository.owner, repo: repository.name };
}

async function pushed(): Promise<Readonly<Record<string, unknown>>> {
  await fake.settled();
  return receiver.received.filter(({ event }) => event === 'push').at(-1)?.payload ?? {};
}

describe('a push over smart HTTP', () => {
  it('becomes a signed webhook, and its commit takes a status', async () => {
    const octokit = clientOf(fake, token);
    await octokit.rest.repos.createWebhook({
      ...named(),
      config: { url: receiver.url, content_type: 'json', secret: receiver.secret },
    });
    const sha = await work.commitFiles({ 'grids/prod/grid.yml': 'subnet: 10.81.0.0/16\n' });
    await work.push();

    const webhook = await receiver.waitFor(({ event }) => event === 'push');
    expect(webhook.verified).toBe(true);
    expect(webhook.headers['user-agent']).toMatch(/^GitHub-Hookshot\//);
    expect(webhook.headers['x-github-hook-id']).toMatch(/^\d+$/);
    expect(webhook.payload).toMatchObject({
      ref: 'refs/heads/main',
      before: NOTHING,
      after: sha,
      created: true,
      deleted: false,
      forced: false,
      pusher: { name: 'ada' },
      repository: { full_name: 'acme/grids', clone_url: repository.cloneUrl },
      head_commit: { id: sha, added: ['grids/prod/grid.yml'], removed: [], modified: [] },
    });

    await octokit.rest.repos.createCommitStatus({
      ...named(),
      sha,
      context: 'gridops/prod',
      state: 'pending',
      description: '3/5 instances updated',
      target_url: 'http://127.0.0.1:8080/deploys/1',
    });
    const status = await fake.waitForStatus(
      sha,
      'gridops/prod',
      ({ state }) => state === 'pending',
    );
    expect(status).toMatchObject({
      description: '3/5 instances updated',
      creator: { login: 'ada' },
    });
  });

  it('tells of every commit and file of an update', async () => {
    await work.commitFiles({ 'a.yml': '1', 'b.yml': '1' });
    await work.push();
    repository.addHook({ url: receiver.url, secret: receiver.secret });
    const before = await work.head();
    await work.commitFiles({ 'a.yml': '2', 'ö ü.yml': '1' }, 'second');
    await work.remove('b.yml');
    const after = await work.commit('third\n\nwith a body');
    await work.push();
    expect(await pushed()).toMatchObject({
      before,
      after,
      created: false,
      compare: `${fake.origin}/acme/grids/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
      commits: [
        { message: 'second', added: ['ö ü.yml'], modified: ['a.yml'], removed: [], distinct: true },
        { message: 'third\n\nwith a body', added: [], modified: [], removed: ['b.yml'] },
      ],
      head_commit: { id: after },
    });
  });

  it('says when history was rewritten', async () => {
    const first = await work.commitFiles({ 'a.yml': '1' });
    const second = await work.commitFiles({ 'a.yml': '2' });
    await work.push();
    repository.addHook({ url: receiver.url, secret: receiver.secret });
    await work.reset(first);
    await work.forcePush();
    expect(await pushed()).toMatchObject({
      before: second,
      after: first,
      forced: true,
      commits: [],
      head_commit: { id: first },
    });
  });

  it('says when a branch was made from another and when it was deleted', async () => {
    const sha = await work.commitFiles({ 'a.yml': '1' });
    await work.push();
    repository.addHook({ url: receiver.url, secret: receiver.secret });
    await work.git('push', '-q', 'origin', 'main:feature');
    expect(await pushed()).toMatchObject({
      ref: 'refs/heads/feature',
      created: true,
      base_ref: 'refs/heads/main',
      commits: [],
      head_commit: { id: sha },
    });
    await work.git('push', '-q', 'origin', ':feature');
    expect(await pushed()).toMatchObject({
      before: sha,
      after: NOTHING,
      deleted: true,
      commits: [],
      head_commit: null,
    });
  });

  it('is one event for each branch and tag, and none for more than three tags at once', async () => {
    await work.commitFiles({ 'a.yml': '1' });
    repository.addHook({ url: receiver.url, secret: receiver.secret });
    await work.git('push', '-q', 'origin', 'main', 'main:refs/heads/other');
    await work.git('tag', '-a', '-m', 'v1', 'v1');
    await work.git('push', '-q', 'origin', 'v1');
    for (const tag of ['t1', 't2', 't3', 't4']) await work.git('tag', tag);
    await work.git('push', '-q', 'origin', '--tags');
    await fake.settled();
    const refs = receiver.received.flatMap(({ event, payload }) =>
      event === 'push' ? [payload['ref']] : [],
    );
    expect(refs).toHaveLength(3);
    expect(new Set(refs)).toEqual(new Set(['refs/heads/main', 'refs/heads/other', 'refs/tags/v1']));
  });
});

describe('Git over smart HTTP', () => {
  it('asks for a token, hides what a token cannot see and lets readers only read', async () => {
    await work.commitFiles({ 'a.yml': '1' });
    await work.push();
    await expect(work.git('ls-remote', repository.cloneUrl)).rejects.toThrow(
      /terminal prompts disabled/,
    );
    await expect(work.git('ls-remote', withToken(`${fake.origin}/acme/none.git`))).rejects.toThrow(
      /not found/,
    );
    const bare = repository.cloneUrl.replace('//', `//${token}:x-oauth-basic@`);
    expect(await work.git('ls-remote', bare)).toContain('refs/heads/main');
    const wrong = repository.cloneUrl.replace('//', '//x-access-token:wrong@');
    await expect(work.git('ls-remote', wrong)).rejects.toThrow(/Authentication failed/);

    token = fake.createToken('bob', 'read');
    expect(await work.git('ls-remote', withToken(repository.cloneUrl))).toContain(
      'refs/heads/main',
    );
    await expect(work.git('push', withToken(repository.cloneUrl), 'main:other')).rejects.toThrow(
      /403/,
    );
    token = fake.createToken('eve', 'none');
    await expect(work.git('ls-remote', withToken(repository.cloneUrl))).rejects.toThrow(
      /not found/,
    );
  });

  it('lets anybody read a public repository', async () => {
    const open = await fake.createRepository({ name: 'open', isPrivate: false, files: { a: '1' } });
    expect(await work.git('ls-remote', open.cloneUrl)).toContain('refs/heads/main');
  });

  it('clones shallowly and partially, and fetches a commit by its id', async () => {
    const sha = await repository.commit({ 'a.yml': '1' });
    await repository.commit({ 'a.yml': '2' });
    const url = withToken(repository.cloneUrl);
    await work.git('fetch', '-q', '--depth=1', '--filter=blob:none', url, sha);
    expect(await work.git('rev-parse', 'FETCH_HEAD')).toBe(sha);
  });

  it('refuses to delete the default branch', async () => {
    await work.commitFiles({ 'a.yml': '1' });
    await work.push();
    await expect(work.deleteRemoteBranch()).rejects.toThrow(
      /refusing to delete the current branch/,
    );
  });

  it('follows a repository to its new name, as do API and webhooks', async () => {
    const sha = await work.commitFiles({ 'a.yml': '1' });
    await work.push();
    repository.addHook({ url: receiver.url, secret: receiver.secret, events: ['repository'] });
    const old = named();
    repository.rename('fleet');
    expect(await work.git('ls-remote', 'origin')).toContain(sha);
    const octokit = clientOf(fake, token);
    const { data } = await octokit.rest.repos.get(old);
    expect(data).toMatchObject({ id: repository.id, full_name: 'acme/fleet' });
    await octokit.rest.repos.createCommitStatus({ ...old, sha, state: 'success' });
    expect(fake.statuses(sha)).toHaveLength(1);
    const renamed = await receiver.waitFor(({ event }) => event === 'repository');
    expect(renamed.payload).toMatchObject({
      action: 'renamed',
      changes: { repository: { name: { from: 'grids' } } },
      repository: { id: repository.id, name: 'fleet' },
    });
  });
});

describe('a change on the pages of the forge', () => {
  it('is a commit and a push like any other', async () => {
    repository.addHook({ url: receiver.url, secret: receiver.secret });
    const first = await repository.commit({
      'a.yml': '1',
      link: { mode: '120000', content: 'a.yml' },
    });
    expect(await pushed()).toMatchObject({ after: first, created: true });
    const second = await repository.commit({ 'a.yml': null }, { message: 'away with it' });
    expect(await pushed()).toMatchObject({ before: first, commits: [{ removed: ['a.yml'] }] });
    await repository.setBranch('main', first);
    expect(await pushed()).toMatchObject({ before: second, after: first, forced: true });
    await repository.setBranch('main', null);
    expect(await pushed()).toMatchObject({ deleted: true });
    expect(await repository.head()).toBeNull();
  });
});
