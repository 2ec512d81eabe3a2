import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommitState, CommitStatus, Forge } from '../../src/forge/forge.ts';
import { RateLimited } from '../../src/forge/forge.ts';
import { hiddenLine } from '../../src/forge/preview-comment.ts';
import { createReporter, type Reporter } from '../../src/forge/reporter.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { receivers } from '../../src/webhooks/providers.ts';
import type { Received } from '../../src/webhooks/received.ts';
import { benches, type ForgeBench, US, US_RENEWED } from './forge-bench.ts';

const marker = '<!-- gridops:plan v1 -->';

function status(state: CommitState, over: Partial<CommitStatus> = {}): CommitStatus {
  const targetUrl = 'https://ops.example/deploys/1';
  return { state, context: 'gridops/prod', description: state, targetUrl, ...over };
}

/** Its pauses take a fiftieth of their time. */
function hurriedReporter(forge: Forge, outbox: Store['outbox']): Reporter {
  const clock = {
    ...systemClock,
    sleep: async (ms: number, signal?: AbortSignal) => await systemClock.sleep(ms / 50, signal),
    now: () => Date.now() * 50,
  };
  return createReporter({ outbox, forge, clock, random: () => 0.5, log: silentLog });
}

describe.each(benches)('%s', (_, start) => {
  let bench: ForgeBench;

  beforeEach(async () => {
    bench = await start();
  });

  afterEach(async () => {
    await bench.close();
    expect(bench.violations()).toEqual([]);
  });

  it('shows statuses, and the newest of a context in the end', async () => {
    const { forge, named } = bench;
    const sha = await bench.head();
    await forge.createCommitStatus(named, sha, status('pending', { description: '1/5' }));
    await forge.createCommitStatus(named, sha, status('pending', { description: '2/5' }));
    await forge.createCommitStatus(named, sha, status('success'));
    await forge.createCommitStatus(named, sha, status('pending'));
    await forge.createCommitStatus(named, sha, status('failure'));
    await forge.createCommitStatus(named, sha, status('error', { targetUrl: null }));

    const words = bench.statuses(sha).map(({ state }) => state.toLowerCase());
    expect(words.at(-1)).toMatch(/^(error|failed)$/);
    expect(words).toContainEqual(expect.stringMatching(/^success/));
    expect(words[0]).toMatch(/^(pending|running|inprogress)$/);
  });

  it('takes several statuses of a commit at once', async () => {
    const { forge, named } = bench;
    const sha = await bench.head();
    const contexts = ['gridops/a', 'gridops/b', 'gridops/c'];

    await Promise.all(
      contexts.map(async (context) => {
        await forge.createCommitStatus(named, sha, status('pending', { context }));
      }),
    );

    expect(
      bench
        .statuses(sha)
        .map(({ context }) => context)
        .toSorted(),
    ).toEqual(contexts);
  });

  it('shows statuses of commits of forks', async () => {
    const { forge, named } = bench;
    const pull = await bench.open({ branch: 'one', isFork: true });

    await forge.createCommitStatus(named, pull.head(), status('pending'));
    await forge.createCommitStatus(named, pull.head(), status('success'));

    expect(bench.statuses(pull.head()).at(-1)?.state.toLowerCase()).toMatch(/^success/);
  });

  it('takes names as long as it says, and tells two of them apart', async () => {
    const { forge, named } = bench;
    const sha = await bench.head();
    for (const end of ['a', 'b']) {
      const context = `${'g'.repeat(forge.limits.context - 1)}${end}`;
      await forge.createCommitStatus(named, sha, status('success', { context }));
    }

    expect(new Set(bench.statuses(sha).map(({ context }) => context)).size).toBe(2);
  });

  it('refuses a commit that it does not have, for good', async () => {
    const { forge, named } = bench;

    const sending = forge.createCommitStatus(named, 'd'.repeat(40), status('success'));

    await expect(sending).rejects.toMatchObject({ code: 'forge-refused', retry: 'never' });
  });

  it('lists the open pull requests into a branch', async () => {
    const { forge, named } = bench;
    await bench.branch('next', { 'next.yml': '1\n' });
    const plain = await bench.open({ branch: 'one' });
    const draft = await bench.open({ branch: 'two', isDraft: true });
    const fork = await bench.open({ branch: 'three', isFork: true });
    await bench.open({ branch: 'four', base: 'next' });
    await (await bench.open({ branch: 'five' })).close();

    const found = await forge.pullRequests(named, 'main');

    expect(found).toMatchObject([
      {
        number: plain.number,
        state: 'open',
        isDraft: false,
        isFork: false,
        head: { sha: plain.head(), branch: 'one' },
        base: 'main',
        mergeCommit: null,
      },
      { number: draft.number, isDraft: true },
      { number: fork.number, isFork: true },
    ]);
    expect(await forge.pullRequests(named, 'nothing')).toEqual([]);
    const pushed = await plain.push({ 'one.yml': '2\n' });
    expect((await forge.pullRequests(named, 'main'))[0]?.head.sha).toBe(pushed);
  });

  it('knows one pull request, and how it ended', async () => {
    const { forge, named } = bench;
    const merged = await bench.open({ branch: 'one' });
    const closed = await bench.open({ branch: 'two' });
    const commit = await merged.merge();
    await closed.close();

    expect(await forge.pullRequest(named, merged.number)).toMatchObject({
      state: 'merged',
      mergeCommit: commit,
    });
    expect(await forge.pullRequest(named, closed.number)).toMatchObject({
      state: 'closed',
      mergeCommit: null,
    });
    expect(await forge.pullRequest(named, 999)).toBeNull();
  });

  it('signs Git in, which finds the head under the name that is told', async () => {
    const { forge, named, cloneUrl } = bench;
    const pull = await bench.open({ branch: 'one' });
    const { username, password } = await forge.gitCredentials();
    const { ref } = (await forge.pullRequest(named, pull.number)) ?? { ref: null };
    const url = new URL(cloneUrl);
    Object.assign(url, { username, password });

    const { stdout } = await promisify(execFile)('git', ['ls-remote', url.href, ref ?? '']);

    expect(stdout.split('\t')[0]).toBe(pull.head());
  });

  it('finds our own comment by its marker, and never another one', async () => {
    const { forge, named } = bench;
    const pull = await bench.open({ branch: 'one' });
    pull.comment(`${marker}\nlooks like ours`, 'mallory');
    expect(await forge.findComment(named, pull.number, marker)).toBeNull();

    const made = await forge.createComment(named, pull.number, `${marker}\nfirst`);
    await forge.createComment(named, pull.number, `something else with ${marker}`);
    const found = await forge.findComment(named, pull.number, marker);
    expect(found?.id).toBe(made.id);

    await forge.updateComment(named, pull.number, { id: made.id, body: `${marker}\nsecond` });
    const ours = pull.comments().filter(({ author }) => author === US);
    expect(ours.map(({ body }) => body.split('\n')[1])).toEqual(['second', undefined]);
  });

  it('says when the comment was removed', async () => {
    const { forge, named } = bench;
    const pull = await bench.open({ branch: 'one' });
    const { id } = await forge.createComment(named, pull.number, `${marker}\nfirst`);
    pull.removeComments();

    const updating = forge.updateComment(named, pull.number, { id, body: 'second' });

    await expect(updating).rejects.toMatchObject({ code: 'not-found' });
  });

  it('takes a comment as long as it says, and triggers nothing that is quoted in it', async () => {
    const { forge, named } = bench;
    const pull = await bench.open({ branch: 'one' });
    const body = `${marker}\n/merge\n/close this\n`;

    await forge.createComment(named, pull.number, body.padEnd(forge.limits.comment - 10, 'x'));

    expect(await forge.findComment(named, pull.number, marker)).not.toBeNull();
  });

  it('tells what people have said since a time', async () => {
    const { forge, named } = bench;
    const since = Math.floor(Date.now() / 1_000) * 1_000;
    const pull = await bench.open({ branch: 'one' });
    const alice = bench.person('alice', 'write');
    pull.comment('/gridops plan', 'alice');
    await forge.createComment(named, pull.number, `${marker}\na plan`);

    expect(await forge.commentsSince(named, since)).toMatchObject([
      { number: pull.number, author: alice, body: '/gridops plan' },
    ]);
    expect(await forge.commentsSince(named, since + 60_000)).toEqual([]);
  });

  it('tells what was said by the person whose token we have, and not what we said', async () => {
    const { forge, named } = bench;
    const since = Math.floor(Date.now() / 1_000) * 1_000;
    const pull = await bench.open({ branch: 'one' });
    pull.comment('/gridops freeze live', US);
    for (const html of [forge.limits.html, !forge.limits.html])
      await forge.createComment(
        named,
        pull.number,
        `${hiddenLine('gridops:answer 1', html)}\nDone.`,
      );

    const said = await forge.commentsSince(named, since);
    expect(said.map(({ body }) => body)).toEqual(['/gridops freeze live']);
  });

  it('knows who may write', async () => {
    const { forge, named } = bench;
    const alice = bench.person('alice', 'write');
    const bob = bench.person('bob', 'read');

    expect(await forge.mayWrite(named, alice)).toBe(true);
    expect(await forge.mayWrite(named, bob)).toBe(false);
    expect(await forge.mayWrite(named, 'nobody" OR user.uuid = "x')).toBe(false);
  });

  it('knows who may read', async () => {
    const { forge, named } = bench;
    expect(await forge.isPrivate(named)).toBe(true);
    bench.makePublic();
    expect(await forge.isPrivate(named)).toBe(false);
  });

  it('opens a pull request once', async () => {
    const { forge, named } = bench;
    await bench.branch('revert-1', { 'r.yml': '1\n' });
    const of = { title: 'Revert', body: 'why\n/merge', head: 'revert-1', base: 'main' };

    const first = await forge.openPullRequest(named, of);
    const second = await forge.openPullRequest(named, of);

    expect(second).toEqual(first);
    expect(await forge.pullRequest(named, first.number)).toMatchObject({ title: 'Revert' });
  });

  it('that limits requests says for how long, and one that fails may work later', async () => {
    const { forge, named } = bench;
    const sha = await bench.head();
    bench.faults.limit('status', 17);
    const limited = await forge.createCommitStatus(named, sha, status('success')).catch((e) => e);
    expect(limited).toBeInstanceOf(RateLimited);
    expect(limited).toMatchObject({ retryAfter: 17 });

    bench.faults.lose('status');
    const lost = forge.createCommitStatus(named, sha, status('success'));
    await expect(lost).rejects.toMatchObject({ code: 'forge-unreachable', retry: 'later' });
  });

  it('gets one comment, although an answer is lost and a limit comes between', async () => {
    const { forge, named } = bench;
    const pull = await bench.open({ branch: 'one' });
    const { outbox } = await openStore({ path: ':memory:' });
    const reporter = hurriedReporter(forge, outbox);
    bench.faults.lose('comment');
    bench.faults.limit('comment', 2);
    const about = { repository: `${named.owner}/${named.name}`, number: pull.number, marker };

    await reporter.wantComment({ ...about, body: `${marker}\nfirst` });
    await reporter.wantComment({ ...about, body: `${marker}\nsecond` });
    await expect.poll(async () => await outbox.unsent(), { timeout: 15_000 }).toEqual([]);
    await reporter.stop();

    const ours = pull.comments().filter(({ author }) => author === US);
    expect(ours.map(({ body }) => body.split('\n')[1])).toEqual(['second']);
  });

  it('gets a comment of the new credentials, once, where the old ones have one', async () => {
    const { forge, named } = bench;
    const pull = await bench.open({ branch: 'one' });
    const about = { repository: `${named.owner}/${named.name}`, number: pull.number, marker };
    const said = () =>
      pull.comments().map(({ author, body }) => `${author}: ${body.split('\n')[1]}`);
    const say = async (by: Forge, { outbox }: Store, text: string): Promise<void> => {
      const reporter = hurriedReporter(by, outbox);
      await reporter.wantComment({ ...about, body: `${marker}\n${text}` });
      await expect.poll(async () => await outbox.unsent(), { timeout: 15_000 }).toEqual([]);
      await reporter.stop();
    };
    const [store, another] = [
      await openStore({ path: ':memory:' }),
      await openStore({ path: ':memory:' }),
    ];
    await say(forge, store, 'before');
    const renewed = bench.renewed();

    for (const text of ['first', 'second']) await say(renewed, store, text);
    expect(said()).toEqual([`${US}: before`, `${US_RENEWED}: second`]);

    // As after the loss of the store.
    await say(renewed, another, 'third');
    expect(said()).toEqual([`${US}: before`, `${US_RENEWED}: third`]);
  });

  it('tells of pushes, pull requests and comments in words that we understand', async () => {
    const hints: Received[] = [];
    async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const { headers } = request;
      const rawBody = await buffer(request);
      const of = { headers, rawBody, secrets: ['shared'], now: Date.now() };
      hints.push(receivers[bench.provider](of));
      response.writeHead(202).end();
    }
    const receiver = createServer((request, response) => void receive(request, response));
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    bench.hook(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`, 'shared');
    const alice = bench.person('alice', 'write');

    const sha = await bench.push({ 'a.yml': '1\n' });
    const pull = await bench.open({ branch: 'one' });
    pull.comment('/gridops plan', 'alice');
    await bench.settled();
    receiver.close();

    const fullName = `${bench.named.owner}/${bench.named.name}`;
    expect(hints).toContainEqual(
      expect.objectContaining({ kind: 'push', ref: 'refs/heads/main', after: sha }),
    );
    expect(hints).toContainEqual(
      expect.objectContaining({
        kind: 'pull-request',
        number: pull.number,
        repository: expect.objectContaining({ fullName }),
      }),
    );
    expect(hints).toContainEqual(
      expect.objectContaining({ kind: 'comment', author: alice, body: '/gridops plan' }),
    );
    expect(hints.filter(({ kind }) => kind === 'refused')).toEqual([]);
  });
});
