import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientOf, refusalOf } from './client.ts';
import { type FakeGithub, startFakeGithub } from './fake-github.ts';
import type { FakeRepository } from './fake-repository.ts';

const STATUS_PAGE = 'https://docs.github.com/rest/commits/statuses#create-a-commit-status';
const COMMENT_PAGE = 'https://docs.github.com/rest/issues/comments#create-an-issue-comment';

let fake: FakeGithub;
let repository: FakeRepository;
let token: string;
let sha: string;

beforeEach(async () => {
  fake = await startFakeGithub();
  repository = await fake.createRepository({ files: { 'a.yml': '1' } });
  token = fake.createToken('ada');
  sha = (await repository.head()) ?? '';
});

afterEach(async () => {
  await fake.close();
});

/** A request as no well-behaved client would send it. */
async function send(
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${fake.baseUrl}${path}`, {
    method,
    headers: { authorization: `token ${token}`, ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

async function status(
  body: unknown,
  commit = sha,
): Promise<{ readonly status: number; readonly body: unknown }> {
  return await send('POST', `/repos/acme/grids/statuses/${commit}`, body);
}

function validationError(field: string, message: string): unknown {
  return {
    status: 422,
    body: {
      message: 'Validation Failed',
      errors: [{ resource: 'Status', code: 'custom', field, message }],
      documentation_url: STATUS_PAGE,
      status: '422',
    },
  };
}

function sentence(message: string, documentation_url: string): unknown {
  return { status: 422, body: { message, documentation_url, status: '422' } };
}

describe("a commit status is refused, in GitHub's words,", () => {
  afterEach(() => {
    expect(fake.statuses(sha)).toEqual([]);
    expect(fake.violations).toEqual([]);
  });

  it.each([
    ['an unknown state', { state: 'bogus' }, 'state', 'state is not included in the list'],
    [
      'a description of 141 characters',
      { state: 'success', description: 'x'.repeat(141) },
      'description',
      'description is too long (maximum is 140 characters)',
    ],
    [
      'an emoji in the description',
      { state: 'success', description: 'deployed 🚀' },
      'description',
      "description doesn't accept 4-byte Unicode",
    ],
    [
      'a context of 256 characters',
      { state: 'success', context: 'x'.repeat(256) },
      'context',
      'context is too long (maximum is 255 characters)',
    ],
    [
      'a target that is no web address',
      { state: 'success', target_url: 'ssh://host' },
      'target_url',
      'target_url must use http(s) scheme',
    ],
  ])('for %s', async (_, body, field, message) => {
    expect(await status(body)).toEqual(validationError(field, message));
  });

  it('for a commit that is not in the repository', async () => {
    const unknown = 'd'.repeat(40);
    const expected = sentence(`No commit found for SHA: ${unknown}`, STATUS_PAGE);
    expect(await status({ state: 'success' }, unknown)).toEqual(expected);
    const short = sha.slice(0, 10);
    expect(await status({ state: 'success' }, short)).toMatchObject({ status: 422 });
  });

  it('without a state', async () => {
    const missing = sentence('Invalid request.\n\n"state" wasn\'t supplied.', STATUS_PAGE);
    expect(await status({})).toEqual(missing);
    expect(await status(undefined)).toEqual(missing);
  });

  it('when the body is no JSON object', async () => {
    expect(await status('{"state":')).toMatchObject({
      status: 400,
      body: { message: 'Problems parsing JSON' },
    });
    expect(await status([1])).toMatchObject({
      status: 400,
      body: { message: 'Body should be a JSON object' },
    });
    expect(await status({ state: 'success', context: 1 })).toMatchObject({ status: 422 });
  });
});

it('takes a description of 140 characters and a context of 255', async () => {
  const body = { state: 'success', description: 'é'.repeat(140), context: 'c'.repeat(255) };
  expect(await status(body)).toMatchObject({ status: 201 });
});

it('takes 1000 statuses for a commit and context and not one more', async () => {
  for (let batch = 0; batch < 20; batch += 1) {
    const statuses = Array.from({ length: 50 }, () => status({ state: 'pending', context: 'ci' }));
    const answers = await Promise.all(statuses);
    expect(answers.every((answer) => answer.status === 201)).toBe(true);
  }
  expect(await status({ state: 'success', context: 'CI' })).toEqual({
    status: 422,
    body: {
      message: 'Validation Failed',
      errors: [
        {
          resource: 'Status',
          code: 'custom',
          message: 'This SHA and context has reached the maximum number of statuses.',
        },
      ],
      documentation_url: STATUS_PAGE,
      status: '422',
    },
  });
  expect(await status({ state: 'success', context: 'other' })).toMatchObject({ status: 201 });
});

it('takes a comment of 65,536 characters and not one more', async () => {
  const octokit = clientOf(fake, token);
  const named = { owner: 'acme', repo: 'grids' };
  const { createComment, updateComment } = octokit.rest.issues;
  const issue = { ...named, issue_number: repository.openIssue() };
  const comment = await createComment({ ...issue, body: 'ä'.repeat(65_536) });
  const tooLong = createComment({ ...issue, body: 'x'.repeat(65_537) });
  expect(await refusalOf(tooLong)).toMatchObject({
    status: 422,
    body: {
      message: 'Validation Failed',
      errors: [
        {
          resource: 'IssueComment',
          code: 'unprocessable',
          field: 'data',
          message: 'Body is too long (maximum is 65536 characters)',
        },
      ],
      documentation_url: COMMENT_PAGE,
    },
  });
  const edit = updateComment({ ...named, comment_id: comment.data.id, body: 'x'.repeat(70_000) });
  expect((await refusalOf(edit)).status).toBe(422);
  expect(fake.violations).toEqual([]);
});

describe('who asks', () => {
  it('is told nothing with a bad token', async () => {
    token = 'ghp_wrong';
    expect(await status({ state: 'success' })).toEqual({
      status: 401,
      body: {
        message: 'Bad credentials',
        documentation_url: 'https://docs.github.com/rest',
        status: '401',
      },
    });
    token = fake.createToken('ada');
    fake.revokeToken(token);
    expect(await status({ state: 'success' })).toMatchObject({ status: 401 });
  });

  it('may do what the token may', async () => {
    token = fake.createToken('reader', 'read');
    expect(await status({ state: 'success' })).toMatchObject({
      status: 403,
      body: { message: 'Resource not accessible by personal access token' },
    });
    token = fake.createToken('writer', 'write');
    expect(await status({ state: 'success' })).toMatchObject({ status: 201 });
    expect(await send('GET', '/repos/acme/grids/hooks')).toMatchObject({ status: 403 });
    token = fake.createToken('stranger', 'none');
    expect(await status({ state: 'success' })).toMatchObject({
      status: 404,
      body: { message: 'Not Found' },
    });
    const anonymous = clientOf(fake).rest.repos.get({ owner: 'acme', repo: 'grids' });
    expect((await refusalOf(anonymous)).status).toBe(404);
  });

  it('has the permission of the highest of their tokens', async () => {
    fake.createToken('mona', 'read');
    fake.createToken('mona', 'write');
    const octokit = clientOf(fake, token);
    const named = { owner: 'acme', repo: 'grids' };
    const level = async (username: string): Promise<string> =>
      (await octokit.rest.repos.getCollaboratorPermissionLevel({ ...named, username })).data
        .permission;
    expect(await level('mona')).toBe('write');
    expect(await level('nobody')).toBe('none');
  });

  it('must say what program it is', async () => {
    const answer = await send('GET', '/repos/acme/grids', undefined, { 'user-agent': '' });
    expect(answer).toMatchObject({ status: 403 });
  });
});

describe('a violation is recorded', () => {
  it('for a misspelt key, which GitHub would ignore', async () => {
    expect(await status({ state: 'success', descripton: 'typo' })).toMatchObject({ status: 201 });
    expect(fake.violations).toEqual([
      'repos/create-commit-status: GitHub would ignore the key descripton',
    ]);
  });

  it('for a misspelt key inside another', async () => {
    const config = { url: 'http://127.0.0.1:9/', contentType: 'json' };
    await send('POST', '/repos/acme/grids/hooks', { config });
    expect(fake.violations).toEqual([
      'repos/create-webhook: GitHub would ignore the key config.contentType',
    ]);
  });

  it('for a query parameter that does not exist or cannot have that value', async () => {
    await send('GET', `/repos/acme/grids/commits/main/statuses?perpage=3&page=two`);
    expect(fake.violations).toEqual([
      'repos/list-commit-statuses-for-ref: GitHub would ignore the query parameter perpage',
      'repos/list-commit-statuses-for-ref: GitHub would ignore the value of the query parameter page: two',
    ]);
  });

  it('for a path that GitHub does not have', async () => {
    expect(await send('GET', '/repos/acme/grids/status')).toMatchObject({ status: 404 });
    expect(fake.violations).toEqual([
      "no such operation in GitHub's API document: GET /repos/acme/grids/status",
    ]);
  });

  it('for an operation that only GitHub has', async () => {
    expect(await send('GET', '/repos/acme/grids/commits')).toMatchObject({ status: 501 });
    expect(fake.violations).toEqual([
      'the fake does not implement repos/list-commits: GET /repos/acme/grids/commits',
    ]);
  });
});
