import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { differences } from './differences.ts';
import { type FakeGithub, startFakeGithub } from './fake-github.ts';
import type { FakeRepository, NewRepository } from './fake-repository.ts';
import { startReceiver } from './receiver.ts';

/** Traffic that GitHub's real API answered with, from the package @octokit/fixtures. */
interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly reqheaders: Readonly<Record<string, string>>;
  readonly status: number;
  readonly response: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Events that GitHub really sent, from the package @octokit/webhooks-examples. */
interface Examples {
  readonly name: string;
  readonly examples: readonly Example[];
}

type Example = Readonly<Record<string, unknown>>;

const load = createRequire(import.meta.url);

/** Where the fake may differ from a recording, and why. */
const ALLOWED: readonly RegExp[] = [
  // Added by GitHub after the recordings were made: by its document (has_discussions is even required) or seen since.
  /: only ours: (has_discussions|verified_at|deliveries_url)$/,
  /\.repository: only ours: (allow_forking|web_commit_signoff_required|visibility)$/,
  /^: only ours: status$/,
  // Some recorded repositories have a description and hold Ruby, ours never do.
  /\.(description|language): string recorded, null given$/,
  // The recorded commit was committed under an address that belongs to no account.
  /commit(s\[\])?\.committer: only ours: username$/,
];

/** Headers of a recording that the fake does without. */
const ALLOWED_HEADERS = new Set(['last-modified', 'x-poll-interval']);

let fake: FakeGithub;
let token: string;

beforeEach(async () => {
  fake = await startFakeGithub();
  token = fake.createToken('octokit-fixture-user-a');
});

afterEach(async () => {
  await fake.close();
  expect(fake.violations).toEqual([]);
});

async function createRepository(
  name: string,
  options: NewRepository = {},
): Promise<FakeRepository> {
  return await fake.createRepository({
    owner: 'octokit-fixture-org',
    name,
    isPrivate: false,
    ...options,
  });
}

/** Sends what was recorded, with our ids in the place of theirs, and compares the answer with the recorded one. */
async function replay(
  recorded: Recorded,
  ids: Readonly<Record<string, string>> = {},
): Promise<void> {
  const ours = (text: string): string =>
    Object.entries(ids).reduce((result, [theirs, own]) => result.replaceAll(theirs, own), text);
  const response = await fetch(`${fake.baseUrl}${ours(recorded.path)}`, {
    method: recorded.method.toUpperCase(),
    headers: { authorization: `token ${token}`, accept: recorded.reqheaders['accept'] ?? '*/*' },
    redirect: 'manual',
    ...(recorded.body === '' ? {} : { body: ours(JSON.stringify(recorded.body)) }),
  });
  const text = await response.text();
  const body: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
  expect(`${recorded.path} ${response.status}`).toBe(`${recorded.path} ${recorded.status}`);
  expect(unexplained(recorded.response, body)).toEqual([]);
  const missing = Object.keys(recorded.headers).filter(
    (name) => !response.headers.has(name) && !ALLOWED_HEADERS.has(name),
  );
  expect(missing).toEqual([]);
}

function unexplained(recorded: unknown, given: unknown): readonly string[] {
  return differences(recorded, given).filter((text) => !ALLOWED.some((known) => known.test(text)));
}

describe('an answer has the shape of the one that GitHub gave', () => {
  it('to statuses and their combination', async () => {
    const repository = await createRepository('create-status', { files: { 'README.md': '1' } });
    const sha = (await repository.head()) ?? '';
    const all = load(
      '@octokit/fixtures/scenarios/api.github.com/create-status/normalized-fixture.json',
    ) as readonly Recorded[];
    expect(all).toHaveLength(4);
    for (const recorded of all) await replay(recorded, { [`${'0'.repeat(39)}1`]: sha });
  });

  it('to the creation, move and removal of a branch', async () => {
    const repository = await createRepository('git-refs');
    const first = await repository.commit({ 'README.md': '1' });
    const second = await repository.commit({ 'README.md': '2' });
    await repository.setBranch('main', first);
    const ids = {
      [`${'0'.repeat(39)}1`]: first,
      [`${'0'.repeat(39)}2`]: second,
      // The list of all refs was withdrawn; its successor has the same shape.
      '/git/refs/': '/git/matching-refs/',
    };
    const all = load(
      '@octokit/fixtures/scenarios/api.github.com/git-refs/normalized-fixture.json',
    ) as readonly Recorded[];
    for (const [index, recorded] of all.entries()) {
      const { '/git/refs/': list, ...commits } = ids;
      // Of the four requests that end in `/git/refs/…` only the two lists are renamed; going back needs force here.
      const isList = recorded.method === 'get';
      const body = index === 2 ? { ...(recorded.body as object), force: true } : recorded.body;
      await replay({ ...recorded, body }, isList ? { ...commits, '/git/refs/': list } : commits);
    }
  });

  it('to a repository', async () => {
    await createRepository('hello-world', { defaultBranch: 'master', files: { a: '1' } });
    const [recorded] = load(
      '@octokit/fixtures/scenarios/api.github.com/get-repository/normalized-fixture.json',
    ) as readonly [Recorded];
    const { topics: _, ...response } = recorded.response as { readonly topics: unknown };
    await replay({ ...recorded, response: { ...response, topics: [] } });
  });

  it('to a repository under its old name, its new name and its number', async () => {
    const { id } = await createRepository('rename-repository', { files: { a: '1' } });
    const all = load(
      '@octokit/fixtures/scenarios/api.github.com/rename-repository/normalized-fixture.json',
    ) as readonly Recorded[];
    for (const recorded of all) {
      await replay(recorded, { '/repositories/1000': `/repositories/${id}` });
    }
  });

  it('to a file that is made, read and listed', async () => {
    await createRepository('create-file');
    const [made] = load(
      '@octokit/fixtures/scenarios/api.github.com/create-file/normalized-fixture.json',
    ) as readonly [Recorded];
    await replay(made);
    const files = { 'README.md': '# hello-world' };
    await createRepository('hello-world', { defaultBranch: 'master', files });
    const contents = load(
      '@octokit/fixtures/scenarios/api.github.com/get-content/normalized-fixture.json',
    ) as readonly Recorded[];
    for (const recorded of contents) await replay(recorded);
  });

  it('to what it refuses', async () => {
    await createRepository('errors');
    const [recorded] = load(
      '@octokit/fixtures/scenarios/api.github.com/errors/normalized-fixture.json',
    ) as readonly [Recorded];
    await replay(recorded);
  });

  it('with links from page to page', async () => {
    const repository = await createRepository('paginate', { files: { a: '1' } });
    const all = load(
      '@octokit/fixtures/scenarios/api.github.com/paginate-issues/normalized-fixture.json',
    ) as readonly Recorded[];
    const authorization = `token ${token}`;
    const sha = (await repository.head()) ?? '';
    for (let i = 0; i < 13; i += 1) {
      await fetch(`${fake.baseUrl}/repos/${repository.fullName}/statuses/${sha}`, {
        method: 'POST',
        headers: { authorization },
        body: JSON.stringify({ state: 'success', context: String(i) }),
      });
    }
    for (const [index, recorded] of all.entries()) {
      const page = index === 0 ? '' : `&page=${index + 1}`;
      const list = `/repos/${repository.fullName}/commits/main/statuses?per_page=3${page}`;
      const answer = await fetch(`${fake.baseUrl}${list}`, { headers: { authorization } });
      const theirs = String(recorded.headers['link']).replaceAll(
        'https://api.github.com',
        fake.baseUrl,
      );
      const ours = String(answer.headers.get('link')).replaceAll(
        '/commits/main/statuses?',
        '/issues?',
      );
      expect(ours).toBe(
        theirs.replaceAll('/repositories/1000/', `/repositories/${repository.id}/`),
      );
    }
  });
});

describe('an event has the shape of one that GitHub sent', () => {
  it.each([
    ['push', 'User', ({ created, commits }) => created === true && (commits as []).length > 0],
    // Hooks of apps and organizations are pinged with other keys.
    [
      'ping',
      'User',
      ({ repository, hook }) => repository !== undefined && !('app_id' in (hook as object)),
    ],
    ['repository', 'Organization', ({ action }) => action === 'renamed'],
  ] satisfies [string, 'User' | 'Organization', (example: Example) => boolean][])(
    '%s',
    async (name, ownerType, fits) => {
      const receiver = await startReceiver();
      const repository = await createRepository('hello-world', { ownerType, owner: 'codertocat' });
      repository.addHook({ url: receiver.url, events: ['push', 'repository'] });
      await repository.commit({ '.gitignore': '' });
      repository.rename('new');
      const sent = await receiver.waitFor(({ event }) => event === name);
      await receiver.close();
      const all = load(
        '@octokit/webhooks-examples/api.github.com/index.json',
      ) as readonly Examples[];
      const examples = (all.find((event) => event.name === name)?.examples ?? []).filter(fits);
      const { installation: _, ...recorded } = examples.at(-1) ?? {};
      expect(unexplained(recorded, sent.payload)).toEqual([]);
    },
  );
});
