import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CheckRun, Forge } from '../../src/forge/forge.ts';
import { createGithub } from '../../src/forge/github.ts';
import type { GithubAuth } from '../../src/forge/github-client.ts';
import type { InstalledApp } from './fake-app.ts';
import { type FakeGithub, startFakeGithub } from './fake-github.ts';
import type { FakeRepository } from './fake-repository.ts';

const named = { owner: 'acme', name: 'grids' };
const HOUR = 3_600_000;

let fake: FakeGithub;
let repository: FakeRepository;

beforeEach(async () => {
  fake = await startFakeGithub();
  repository = await fake.createRepository({ files: { 'a.yml': '1\n' } });
});

afterEach(async () => {
  vi.useRealTimers();
  await fake.close();
  expect(fake.violations).toEqual([]);
});

function client(auth: GithubAuth = { kind: 'token', token: fake.createToken() }): Forge {
  return createGithub({ baseUrl: fake.baseUrl, auth, userAgent: 'gridops' });
}

async function installed(): Promise<{ readonly app: InstalledApp; readonly forge: Forge }> {
  const app = await fake.createApp({
    permissions: {
      metadata: 'read',
      contents: 'read',
      statuses: 'write',
      pull_requests: 'write',
      deployments: 'write',
      checks: 'write',
    },
  });
  const { appId, privateKey, installationId } = app;
  return { app, forge: client({ kind: 'app', appId, privateKey, installationId }) };
}

async function aRun(annotations: number): Promise<CheckRun> {
  return {
    sha: (await repository.head()) ?? '',
    name: 'gridops/files',
    key: 'k1',
    conclusion: 'failure',
    title: 'Errors',
    summary: 'There are some.',
    detailsUrl: 'https://ops.example/1',
    annotations: Array.from({ length: annotations }, (_, at) => ({
      path: 'a.yml',
      line: at + 1,
      column: 3,
      level: 'failure' as const,
      title: 'unknown-key',
      message: `problem ${at}`,
    })),
  };
}

function answers(operation: string): readonly number[] {
  return fake.requests.filter((each) => each.operation === operation).map(({ status }) => status);
}

describe('polling', () => {
  it('costs nothing while nothing changes, and sees what did', async () => {
    const forge = client();
    const pull = await repository.openPullRequest({ files: { 'b.yml': '1\n' } });
    for (let count = 0; count < 3; count += 1) await forge.pullRequests(named, 'main');
    expect(answers('pulls/list')).toEqual([200, 304, 304]);

    const head = await pull.push({ 'b.yml': '2\n' });

    expect(await forge.pullRequests(named, 'main')).toMatchObject([{ head: { sha: head } }]);
    expect(answers('pulls/list')).toEqual([200, 304, 304, 200]);
  });

  it('of comments costs nothing either', async () => {
    const forge = client();
    const pull = await repository.openPullRequest({ files: { 'b.yml': '1\n' } });
    pull.comment('hello', 'alice');
    const since = Date.now() - HOUR;
    for (let count = 0; count < 3; count += 1)
      expect(await forge.commentsSince(named, since)).toHaveLength(1);

    expect(answers('issues/list-comments-for-repo')).toEqual([200, 304, 304]);
  });

  it('walks all pages', async () => {
    const forge = client();
    const pull = await repository.openPullRequest({ files: { 'b.yml': '1\n' } });
    for (let count = 0; count < 101; count += 1) pull.comment(`${count}`, 'alice');
    const made = await forge.createComment(named, pull.number, '<!-- gridops:m -->\nours');

    expect(await forge.commentsSince(named, Date.now() - HOUR)).toHaveLength(101);
    expect(await forge.findComment(named, pull.number, '<!-- gridops:m -->')).toEqual(made);
  });

  it('finds what no webhook has told', async () => {
    const forge = client();
    repository.addHook({ url: 'http://127.0.0.1:9/', events: ['pull_request', 'issue_comment'] });
    fake.disturb({ kind: 'drop-delivery', times: 10 });
    const pull = await repository.openPullRequest({ files: { 'b.yml': '1\n' } });
    pull.comment('/gridops plan', 'alice');
    await fake.settled();

    expect(await forge.pullRequests(named, 'main')).toHaveLength(1);
    expect(await forge.commentsSince(named, Date.now() - HOUR)).toMatchObject([
      { body: '/gridops plan' },
    ]);
  });

  it('takes bots for nobody', async () => {
    const forge = client();
    const pull = await repository.openPullRequest({ files: { 'b.yml': '1\n' } });
    pull.comment('/gridops plan', 'renovate[bot]');

    expect(await forge.commentsSince(named, 0)).toEqual([]);
  });
});

describe('an App', () => {
  it('writes under its own name, and knows its comment by it', async () => {
    const { forge } = await installed();
    const pull = await repository.openPullRequest({ files: { 'b.yml': '1\n' } });
    pull.comment('<!-- m -->\nnot ours', 'mallory');
    const made = await forge.createComment(named, pull.number, '<!-- m -->\nours');

    expect(pull.comments.at(-1)?.author.login).toBe('gridops[bot]');
    expect(await forge.findComment(named, pull.number, '<!-- m -->')).toEqual(made);
  });

  it('has a new token in time, hour after hour', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { forge } = await installed();
    const sha = (await repository.head()) ?? '';
    const status = { state: 'success', context: 'c', description: '', targetUrl: null } as const;
    for (let hour = 0; hour < 3; hour += 1) {
      await forge.createCommitStatus(named, sha, status);
      vi.setSystemTime(Date.now() + HOUR - 1_000);
    }

    expect(answers('repos/create-commit-status')).toEqual([201, 201, 201]);
    expect(answers('apps/create-installation-access-token')).toEqual([201, 201, 201]);
  });

  it('whose token was revoked gets another one and goes on', async () => {
    const { forge } = await installed();
    const sha = (await repository.head()) ?? '';
    const status = { state: 'success', context: 'c', description: '', targetUrl: null } as const;
    const { password } = await forge.gitCredentials();
    vi.useFakeTimers({ toFake: ['Date'] });
    // So fresh a token might only not be known everywhere yet: octokit would wait.
    vi.setSystemTime(Date.now() + 60_000);
    fake.revokeToken(password);

    await forge.createCommitStatus(named, sha, status);

    expect(answers('repos/create-commit-status')).toEqual([401, 201]);
    expect((await forge.gitCredentials()).password).not.toBe(password);
  });

  it('annotates files, fifty lines in a request', async () => {
    const { forge } = await installed();
    const run = await aRun(80);

    await forge.checks?.put(named, run);

    expect(repository.checkRuns).toMatchObject([
      { name: 'gridops/files', externalId: 'k1', status: 'completed', conclusion: 'failure' },
    ]);
    expect(repository.checkRuns[0]?.annotations).toHaveLength(80);
    expect(repository.checkRuns[0]?.annotations[79]).toEqual({
      path: 'a.yml',
      start_line: 80,
      end_line: 80,
      start_column: 3,
      end_column: 3,
      annotation_level: 'failure',
      title: 'unknown-key',
      message: 'problem 79',
    });
    expect(answers('checks/create')).toHaveLength(1);
    expect(answers('checks/update')).toHaveLength(1);
  });

  it('makes one check run, whatever is lost', async () => {
    const { forge } = await installed();
    const run = await aRun(80);
    for (const on of ['checks/create', 'checks/update']) {
      fake.disturb({ kind: 'server-error', status: 502, afterDoing: true, on });
      await expect(forge.checks?.put(named, run)).rejects.toThrow(/502/);
    }
    fake.disturb({ kind: 'server-error', status: 502, on: 'checks/list-for-ref' });
    await expect(forge.checks?.put(named, run)).rejects.toThrow(/502/);

    const id = await forge.checks?.put(named, run);

    expect(repository.checkRuns.map((one) => String(one.id))).toEqual([id]);
    expect(repository.checkRuns[0]?.annotations).toHaveLength(80);
  });

  it('makes a check run of its own for what is said differently, also when it was said before', async () => {
    const { forge } = await installed();
    const first = await aRun(1);
    const second = { ...(await aRun(0)), key: 'k2', conclusion: 'success' } as const;
    const ids = [];
    for (const run of [first, second, first]) ids.push(await forge.checks?.put(named, run));

    expect(new Set(ids).size).toBe(3);
    expect(repository.checkRuns.map(({ conclusion }) => conclusion)).toEqual([
      'failure',
      'success',
      'failure',
    ]);
  });

  it('goes on with no check run of another App', async () => {
    const { forge } = await installed();
    const other = await installed();
    const run = await aRun(1);
    await other.forge.checks?.put(named, run);
    await forge.checks?.put(named, run);
    expect(repository.checkRuns).toHaveLength(2);
  });

  it('is what check runs need', () => {
    expect(client().checks).toBeNull();
  });
});

describe('a merge queue', () => {
  it('is listed by the branches that it builds on, for nothing while nothing changes', async () => {
    const { mergeQueue } = client();
    const pull = await repository.openPullRequest({ files: { 'b.yml': '1\n' } });
    expect(await mergeQueue?.groups(named, 'main')).toEqual([]);
    const { sha, ref } = await pull.enqueue();
    const head = (await repository.head()) ?? '';
    await repository.setBranch('gh-readonly-queue/main/x/pr-1-a', head);
    await repository.setBranch('gh-readonly-queue/mainly/pr-1-a', head);

    for (let count = 0; count < 2; count += 1)
      expect(await mergeQueue?.groups(named, 'main')).toEqual([{ sha, ref }]);

    expect(answers('git/list-matching-refs')).toEqual([200, 200, 304]);
  });
});

describe('a deployment', () => {
  it('is made once, found by its key and goes through its states', async () => {
    const { deployments } = client();
    if (deployments === null) throw new Error('GitHub has deployments');
    const sha = (await repository.head()) ?? '';
    const about = { sha, environment: 'prod', key: 'deploy-1' };
    expect(await deployments.find(named, about)).toBeNull();

    const id = await deployments.create(named, { ...about, description: 'x'.repeat(300) });
    const state = { description: 'y'.repeat(300), logUrl: 'https://ops.example/1' } as const;
    const environmentUrl = 'https://shop.example';
    await deployments.setState(named, id, { ...state, environmentUrl, state: 'in_progress' });
    await deployments.setState(named, id, { ...state, environmentUrl: null, state: 'success' });

    expect(await deployments.find(named, about)).toBe(id);
    expect(await deployments.find(named, { ...about, key: 'deploy-2' })).toBeNull();
    expect(repository.deployments).toMatchObject([
      {
        environment: 'prod',
        statuses: [{ state: 'in_progress', environmentUrl }, { state: 'success' }],
      },
    ]);
  });
});

it('an Enterprise Server is spoken to under its path', async () => {
  const server = await startFakeGithub({ apiPath: '/api/v3' });
  const there = await server.createRepository({ files: { 'a.yml': '1\n' } });
  const auth = { kind: 'token', token: server.createToken() } as const;
  const forge = createGithub({ baseUrl: `${server.baseUrl}/`, auth, userAgent: 'gridops' });
  const pull = await there.openPullRequest({ files: { 'b.yml': '1\n' } });

  await forge.createComment(named, pull.number, 'hello');

  expect(await forge.pullRequests(named, 'main')).toHaveLength(1);
  expect(await forge.mayWrite(named, 'octocat')).toBe(true);
  expect(pull.comments).toHaveLength(1);
  await server.close();
  expect(server.violations).toEqual([]);
});
