import { App, type Octokit } from 'octokit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientClass, clientOf, refusalOf } from './client.ts';
import { type FakeGithub, startFakeGithub } from './fake-github.ts';
import type { FakeRepository } from './fake-repository.ts';
import { type Receiver, startReceiver } from './receiver.ts';

let fake: FakeGithub;
let repository: FakeRepository;
let receiver: Receiver;
let octokit: Octokit;

const named = { owner: 'acme', repo: 'grids' };

beforeEach(async () => {
  fake = await startFakeGithub();
  receiver = await startReceiver();
  repository = await fake.createRepository({ files: { 'a.yml': '1\n', 'b.yml': '1\n' } });
  octokit = clientOf(fake, fake.createToken());
});

afterEach(async () => {
  await receiver.close();
  await fake.close();
  expect(fake.violations).toEqual([]);
});

function listen(...events: readonly string[]): void {
  repository.addHook({ url: receiver.url, secret: receiver.secret, events });
}

async function actions(): Promise<readonly string[]> {
  await fake.settled();
  return receiver.received
    .filter(({ event }) => event === 'pull_request')
    .map(({ payload }) => String(payload['action']));
}

describe('a pull request', () => {
  it('is opened, pushed to, made a draft and ready again, retitled and closed', async () => {
    listen('pull_request');
    const pull = await repository.openPullRequest({ files: { 'c.yml': '1\n' } });
    const first = pull.head;
    const second = await pull.push({ 'c.yml': '2\n' });
    await pull.setDraft(true);
    await pull.setDraft(false);
    await pull.retitle('Another title');
    await pull.close();
    await pull.reopen();
    await pull.close();

    expect((await actions()).toSorted()).toEqual(
      [
        'opened',
        'synchronize',
        'converted_to_draft',
        'ready_for_review',
        'edited',
        'closed',
        'reopened',
        'closed',
      ].toSorted(),
    );
    const sync = receiver.received.find(({ payload }) => payload['action'] === 'synchronize');
    expect(sync?.payload).toMatchObject({ before: first, after: second, number: pull.number });
    const { data } = await octokit.rest.pulls.get({ ...named, pull_number: pull.number });
    expect(data).toMatchObject({ state: 'closed', merged: false, title: 'Another title' });
  });

  it('has refs for its head and for the merge, which a push cannot move', async () => {
    const pull = await repository.openPullRequest({ files: { 'c.yml': '1\n' } });
    await repository.commit({ 'd.yml': '1\n' });
    const { data } = await octokit.rest.git.getRef({ ...named, ref: `pull/${pull.number}/head` });
    expect(data.object.sha).toBe(pull.head);
    const merge = await octokit.rest.git.getRef({ ...named, ref: `pull/${pull.number}/merge` });
    const files = await octokit.rest.repos.getCommit({ ...named, ref: merge.data.object.sha });
    expect(files.data.parents.map(({ sha }) => sha)).toEqual([await repository.head(), pull.head]);
  });

  it('that conflicts says so once GitHub has worked it out', async () => {
    const pull = await repository.openPullRequest({ files: { 'a.yml': '2\n' } });
    await repository.commit({ 'a.yml': '3\n' });
    const get = async () =>
      (await octokit.rest.pulls.get({ ...named, pull_number: pull.number })).data;
    expect(await get()).toMatchObject({ mergeable: null, mergeable_state: 'unknown' });
    expect(await get()).toMatchObject({ mergeable: false, mergeable_state: 'dirty' });
    const merging = octokit.rest.pulls.merge({ ...named, pull_number: pull.number });
    expect((await refusalOf(merging)).status).toBe(405);
  });

  it('is merged by its button, by a push and by a queue', async () => {
    listen('push', 'pull_request', 'merge_group');
    const button = await repository.openPullRequest({ files: { 'c.yml': '1\n' } });
    const merged = await octokit.rest.pulls.merge({ ...named, pull_number: button.number });
    expect(await repository.head()).toBe(merged.data.sha);

    const pushed = await repository.openPullRequest({ files: { 'd.yml': '1\n' } });
    await repository.setBranch('main', pushed.head);
    expect(pushed.isOpen).toBe(false);

    const queued = await repository.openPullRequest({ files: { 'e.yml': '1\n' } });
    const group = await queued.enqueue();
    const asked = await receiver.waitFor(({ event }) => event === 'merge_group');
    expect(asked.payload).toMatchObject({
      action: 'checks_requested',
      merge_group: { head_sha: group.sha, base_ref: 'refs/heads/main' },
    });
    await queued.finish(group);
    expect(await repository.head()).toBe(group.sha);
    expect((await actions()).filter((action) => action === 'closed')).toHaveLength(3);
    const { data } = await octokit.rest.pulls.list({ ...named, state: 'closed' });
    expect(data.every(({ merged_at }) => merged_at !== null)).toBe(true);
  });

  it('from a fork is another repository, whose commits are here all the same', async () => {
    const fork = await repository.fork('mallory');
    const pull = await repository.openPullRequest({ from: fork, files: { 'c.yml': '1\n' } });
    const { data } = await octokit.rest.pulls.get({ ...named, pull_number: pull.number });
    expect(data.head.repo.id).not.toBe(data.base.repo.id);
    expect(data).toMatchObject({ author_association: 'NONE', user: { login: 'mallory' } });
    const sha = pull.head;
    await octokit.rest.repos.createCommitStatus({ ...named, sha, state: 'success' });
  });

  it('is closed when its branch goes', async () => {
    const pull = await repository.openPullRequest({ branch: 'x', files: { 'c.yml': '1\n' } });
    await repository.setBranch('x', null);
    expect(pull.isOpen).toBe(false);
  });

  it('is made through the API, once for a branch', async () => {
    await repository.pushTo('x', { 'c.yml': '1\n' });
    const of = { ...named, title: 'x', head: 'x', base: 'main' };
    const { data } = await octokit.rest.pulls.create({ ...of, body: 'why' });
    expect(repository.pullRequest(data.number).isOpen).toBe(true);
    expect((await refusalOf(octokit.rest.pulls.create(of))).body).toMatchObject({
      errors: [{ message: 'A pull request already exists for acme:x.' }],
    });
    expect((await refusalOf(octokit.rest.pulls.create({ ...of, head: 'y' }))).status).toBe(422);
  });

  it('is listed by base and head, and costs nothing while nothing changes', async () => {
    await repository.openPullRequest({ branch: 'x', files: { 'c.yml': '1\n' } });
    const { data, headers } = await octokit.rest.pulls.list({ ...named, base: 'main' });
    expect(data).toHaveLength(1);
    const again = octokit.rest.pulls.list({
      ...named,
      base: 'main',
      headers: { 'if-none-match': headers.etag ?? '' },
    });
    const { status, headers: after } = await refusalOf(again);
    expect(status).toBe(304);
    expect(after['x-ratelimit-used']).toBe(headers['x-ratelimit-used']);
    expect((await octokit.rest.pulls.list({ ...named, base: 'other' })).data).toEqual([]);
    expect((await octokit.rest.pulls.list({ ...named, head: 'acme:x' })).data).toHaveLength(1);
  });
});

describe('its conversation', () => {
  it('is told of with the mark by which it is known for one of a pull request', async () => {
    listen('issue_comment');
    const pull = await repository.openPullRequest({ files: { 'c.yml': '1\n' } });
    const comment = pull.comment('/gridops plan', 'alice');
    const told = await receiver.waitFor(({ event }) => event === 'issue_comment');
    expect(told.payload).toMatchObject({
      action: 'created',
      issue: { number: pull.number, pull_request: { merged_at: null } },
      comment: { id: comment.id, user: { login: 'alice' } },
    });
    pull.removeComment(comment);
    await receiver.waitFor(({ payload }) => payload['action'] === 'deleted');
  });

  it('is listed for the whole repository, since a time', async () => {
    const pull = await repository.openPullRequest({ files: { 'c.yml': '1\n' } });
    pull.comment('one');
    repository.openIssue();
    const { data } = await octokit.rest.issues.listCommentsForRepo({
      ...named,
      since: '2000-01-01T00:00:00Z',
    });
    expect(data.map(({ body, html_url }) => [body, html_url.includes('/pull/')])).toEqual([
      ['one', true],
    ]);
    const later = { ...named, since: '2100-01-01T00:00:00Z' };
    expect((await octokit.rest.issues.listCommentsForRepo(later)).data).toEqual([]);
  });
});

describe('permissions', () => {
  it('are asked for by name; who is nobody here has none', async () => {
    fake.createToken('alice', 'write');
    const of = async (username: string) =>
      (await octokit.rest.repos.getCollaboratorPermissionLevel({ ...named, username })).data
        .permission;
    expect(await of('alice')).toBe('write');
    expect(await of('mallory')).toBe('none');
  });

  it('of an app open a conversation by either of two, and check runs to nobody else', async () => {
    const pull = await repository.openPullRequest({ files: { 'c.yml': '1\n' } });
    const app = await fake.createApp({
      permissions: { metadata: 'read', pull_requests: 'write', checks: 'write' },
    });
    const installed = new App({ ...app, Octokit: clientClass(fake) });
    const bot = await installed.getInstallationOctokit(app.installationId);
    await bot.rest.issues.createComment({ ...named, issue_number: pull.number, body: 'a plan' });
    expect(pull.comments[0]?.author.login).toBe('gridops[bot]');
    const run = { ...named, name: 'gridops', head_sha: pull.head };
    expect((await refusalOf(octokit.rest.checks.create(run))).status).toBe(403);
    listen('check_run');
    const { data } = await bot.rest.checks.create({ ...run, conclusion: 'failure' });
    expect(data.pull_requests.map(({ number }) => number)).toEqual([pull.number]);
    const [made] = repository.checkRuns;
    if (made !== undefined) repository.rerun(made);
    await receiver.waitFor(({ payload }) => payload['action'] === 'rerequested');
  });

  it('are not asked of GitHub by an app as if it were a person', async () => {
    expect((await octokit.rest.users.getAuthenticated()).data.login).toBe('octocat');
    const app = await fake.createApp();
    const installed = new App({ ...app, Octokit: clientClass(fake) });
    const bot = await installed.getInstallationOctokit(app.installationId);
    expect((await refusalOf(bot.rest.users.getAuthenticated())).status).toBe(403);
  });
});

describe('a deployment', () => {
  it('goes through its states and retires the one before it', async () => {
    const ref = (await repository.head()) ?? '';
    const create = async (environment: string) =>
      (
        await octokit.rest.repos.createDeployment({
          ...named,
          ref,
          environment,
          auto_merge: false,
          required_contexts: [],
          payload: { gridops: 'x' },
        })
      ).data as { readonly id: number };
    for (const environment of ['staging', 'staging', 'production', 'production']) {
      const { id } = await create(environment);
      for (const state of ['queued', 'in_progress', 'success'] as const)
        await octokit.rest.repos.createDeploymentStatus({ ...named, deployment_id: id, state });
    }
    expect(repository.deployments.map(({ statuses }) => statuses.at(-1)?.state)).toEqual([
      'inactive',
      'success',
      'success',
      'success',
    ]);
    const { data } = await octokit.rest.repos.listDeployments({ ...named, environment: 'staging' });
    expect(data).toHaveLength(2);
  });

  it('is not made while a status is not green, unless no context is asked for', async () => {
    const sha = (await repository.head()) ?? '';
    await octokit.rest.repos.createCommitStatus({ ...named, sha, state: 'pending' });
    const creating = octokit.rest.repos.createDeployment({ ...named, ref: sha, auto_merge: false });
    expect((await refusalOf(creating)).status).toBe(409);
  });
});
