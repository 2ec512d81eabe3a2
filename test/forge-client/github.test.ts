import { generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { afterEach, describe, expect, test } from 'vitest';
import { boundedFetch } from '../../src/forge/bounded-fetch.ts';
import type { CommitStatus } from '../../src/forge/forge.ts';
import { createGithub, parseGithubUrl } from '../../src/forge/github.ts';
import type { GithubAuth } from '../../src/forge/github-client.ts';
import { type Answer, type HttpStub, type SeenRequest, startHttpStub } from './http-stub.ts';

const repository = { owner: 'acme', name: 'infra' };
const sha = 'a'.repeat(40);
const status: CommitStatus = {
  state: 'pending',
  context: 'gridops/prod',
  description: '3/5 instances updated',
  targetUrl: 'https://ops.example/deploys/1',
};
const token: GithubAuth = { kind: 'token', token: 'ghp_secret' };
const created = { status: 201, body: { id: 1, state: 'pending' } };

const stubs: HttpStub[] = [];

afterEach(async () => {
  for (const stub of stubs.splice(0)) await stub.close();
});

async function githubAt(
  answer: (request: SeenRequest) => Answer,
  auth: GithubAuth = token,
  path = '',
) {
  const stub = await startHttpStub(answer);
  stubs.push(stub);
  const forge = createGithub({ baseUrl: stub.url + path, auth, userAgent: 'gridops/1.0' });
  return { forge, requests: stub.requests };
}

describe('a commit status', () => {
  test('is sent as it is', async () => {
    const { forge, requests } = await githubAt(() => created);

    await forge.createCommitStatus(repository, sha, status);

    expect(requests).toMatchObject([
      {
        method: 'POST',
        path: `/repos/acme/infra/statuses/${sha}`,
        headers: { authorization: 'token ghp_secret' },
        body: {
          state: 'pending',
          context: 'gridops/prod',
          description: '3/5 instances updated',
          target_url: 'https://ops.example/deploys/1',
        },
      },
    ]);
    expect(requests[0]?.headers['user-agent']).toMatch(/^gridops\/1\.0/);
  });

  test.each([
    ['another host', 'localhost'],
    ['a host whose name begins alike', '127.0.0.1.localhost'],
  ])('that is answered with a redirect to %s takes no credentials there', async (_, host) => {
    const stranger = await startHttpStub(() => created);
    stubs.push(stranger);
    const { port } = new URL(stranger.url);
    const { forge, requests } = await githubAt(({ path }) => ({
      status: 307,
      headers: { location: `http://${host}:${port}${path}` },
    }));

    await forge.createCommitStatus(repository, sha, status).catch(() => undefined);

    expect(requests).toHaveLength(1);
    for (const { headers } of stranger.requests) expect(headers.authorization).toBeUndefined();
  });

  test('goes to an enterprise server under its path', async () => {
    const { forge, requests } = await githubAt(() => created, token, '/api/v3/');

    await forge.createCommitStatus(repository, sha, { ...status, targetUrl: null });

    expect(requests[0]?.path).toBe(`/api/v3/repos/acme/infra/statuses/${sha}`);
    expect(requests[0]?.body).not.toHaveProperty('target_url');
  });

  test('follows a renamed repository', async () => {
    const { forge, requests } = await githubAt(({ path }) =>
      path.startsWith('/repositories/')
        ? created
        : { status: 307, headers: { location: `/repositories/7/statuses/${sha}` } },
    );

    await forge.createCommitStatus(repository, sha, status);

    expect(requests[1]).toMatchObject({ method: 'POST', body: { context: 'gridops/prod' } });
  });

  test('that was turned into a mere question on the way is not taken for sent', async () => {
    const { forge } = await githubAt(({ method }) =>
      method === 'GET'
        ? { status: 200, body: [] }
        : { status: 301, headers: { location: '/moved' } },
    );

    const sending = forge.createCommitStatus(repository, sha, status);

    await expect(sending).rejects.toMatchObject({ code: 'forge-refused', retry: 'never' });
  });

  test('is sent once: who keeps it also repeats it', async () => {
    const { forge, requests } = await githubAt(() => ({ status: 502 }));

    await expect(forge.createCommitStatus(repository, sha, status)).rejects.toThrow();

    expect(requests).toHaveLength(1);
  });

  test('does not wait for others', async () => {
    const { forge, requests } = await githubAt(() => created);
    const start = performance.now();

    await Promise.all(
      ['a', 'b', 'c', 'd'].map(
        async (context) => await forge.createCommitStatus(repository, sha, { ...status, context }),
      ),
    );

    expect(requests).toHaveLength(4);
    // One a second would take three.
    expect(performance.now() - start).toBeLessThan(2_500);
  });
});

describe('a fault', () => {
  const notFound = `No commit found for SHA: ${sha}`;
  const invalid = {
    message: 'Validation Failed',
    errors: [{ resource: 'Status', code: 'custom', field: 'context' }],
  };

  test.each<[string, Answer, object]>([
    ['bad credentials', { status: 401, body: { message: 'Bad credentials' } }, { hint: /token/ }],
    [
      'no permission',
      { status: 403, body: { message: 'Resource not accessible' } },
      { hint: /credentials/ },
    ],
    ['no repository', { status: 404, body: { message: 'Not Found' } }, { hint: /name/ }],
    [
      'a commit that is gone',
      { status: 422, body: { message: notFound } },
      { hint: /nothing is left/ },
    ],
    ['what is invalid', { status: 422, body: invalid }, { message: /Validation Failed/ }],
    ['what is gone for good', { status: 451, body: { message: 'DMCA' } }, {}],
  ])(
    'is for a person when it is %s',
    async (_, answer, expected: { hint?: RegExp; message?: RegExp }) => {
      const { forge } = await githubAt(() => answer);

      const fault = await faultOf(forge.createCommitStatus(repository, sha, status));

      expect(fault).toMatchObject({ code: 'forge-refused', retry: 'never' });
      if (expected.hint !== undefined) expect(fault['hint']).toMatch(expected.hint);
      if (expected.message !== undefined) expect(fault['message']).toMatch(expected.message);
    },
  );

  test.each([500, 502, 503, 408])('heals by itself when it is status %i', async (code) => {
    const { forge } = await githubAt(() => ({ status: code, body: { message: 'oops' } }));

    const fault = await faultOf(forge.createCommitStatus(repository, sha, status));

    expect(fault).toMatchObject({ code: 'forge-unreachable', retry: 'later' });
    expect(fault).not.toHaveProperty('retryAfter');
  });

  test('heals by itself when nobody answers', async () => {
    const { forge } = await githubAt(() => created);
    await stubs[0]?.close();

    const fault = await faultOf(forge.createCommitStatus(repository, sha, status));

    expect(fault).toMatchObject({ code: 'forge-unreachable', retry: 'later' });
  });

  test('heals by itself when the answer takes too long', async () => {
    const fetch = async () => await Promise.reject(new DOMException('too long', 'TimeoutError'));
    const forge = createGithub({ baseUrl: 'http://x', auth: token, userAgent: 'x', fetch });

    const fault = await faultOf(forge.createCommitStatus(repository, sha, status));

    expect(fault).toMatchObject({ code: 'forge-unreachable', retry: 'later' });
  });

  test('never quotes the credentials', async () => {
    const { forge } = await githubAt(() => ({ status: 401, body: { message: 'Bad credentials' } }));

    const fault = await faultOf(forge.createCommitStatus(repository, sha, status));

    expect(JSON.stringify([fault, fault['message'], fault['stack'], fault['cause']])).not.toContain(
      'ghp_secret',
    );
  });
});

describe('a rate limit', () => {
  const date = 'Mon, 23 Nov 2026 18:00:00 GMT';
  const at = Date.parse(date) / 1_000;
  const secondary = { message: 'You have exceeded a secondary rate limit' };

  test.each<[string, number, Answer]>([
    ['of retry-after', 7, { status: 403, headers: { 'retry-after': '7' }, body: secondary }],
    ['of 429 with retry-after', 3, { status: 429, headers: { 'retry-after': '3' } }],
    [
      'until the reset, by the clock of GitHub',
      121,
      {
        status: 403,
        headers: { date, 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(at + 120) },
      },
    ],
    ['of a minute when nothing is said', 60, { status: 403, body: secondary }],
    ['of a minute when nonsense is said', 60, { status: 429, headers: { 'retry-after': 'soon' } }],
    ['of two hours at most', 7_200, { status: 429, headers: { 'retry-after': '999999' } }],
    ['of a second at least', 1, { status: 429, headers: { 'retry-after': '0' } }],
  ])('asks for a pause %s', async (_, retryAfter, answer) => {
    const { forge } = await githubAt(() => answer);

    const fault = await faultOf(forge.createCommitStatus(repository, sha, status));

    expect(fault).toMatchObject({ code: 'forge-unreachable', retry: 'later', retryAfter });
  });
});

describe('a recorded answer of GitHub', () => {
  interface Recording {
    readonly path: string;
    readonly method: string;
    readonly status: number;
    readonly response: unknown;
    readonly body?: unknown;
  }

  test('to a new status is understood', async () => {
    const require = createRequire(import.meta.url);
    const all =
      require('@octokit/fixtures/scenarios/api.github.com/create-status/normalized-fixture.json') as Recording[];
    const recorded = all.find((each) => each.method === 'post' && each.path.includes('/statuses/'));
    const { forge, requests } = await githubAt(() => ({
      status: recorded?.status ?? 0,
      body: recorded?.response,
    }));

    await forge.createCommitStatus(repository, sha, status);

    expect(requests).toHaveLength(1);
  });
});

describe('a GitHub App', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const app: GithubAuth = { kind: 'app', appId: 17, privateKey: pem, installationId: 42 };
  const { installationId: _, ...anywhere } = app;

  function answer(installations: readonly object[] = [{ id: 42 }]) {
    return ({ path }: SeenRequest): Answer => {
      if (path === '/app/installations/42/access_tokens')
        return {
          status: 201,
          body: { token: 'ghs_short', expires_at: '2099-01-01T00:00:00Z', permissions: {} },
        };
      return path.startsWith('/app/installations') ? { status: 200, body: installations } : created;
    };
  }

  test('signs in as its installation, once for many requests', async () => {
    const { forge, requests } = await githubAt(answer(), app);

    await forge.createCommitStatus(repository, sha, status);
    await forge.createCommitStatus(repository, sha, status);

    expect(requests.map(({ path }) => path.split('/')[1])).toEqual(['app', 'repos', 'repos']);
    expect(requests[0]?.headers.authorization).toMatch(/^bearer ey/);
    expect(requests[1]?.headers.authorization).toBe('token ghs_short');
  });

  test('gives Git its short-lived token', async () => {
    const { forge } = await githubAt(answer(), app);

    expect(await forge.gitCredentials()).toEqual({
      username: 'x-access-token',
      password: 'ghs_short',
    });
  });

  test('finds its installation when there is one', async () => {
    const { forge } = await githubAt(answer(), anywhere);

    expect(await forge.gitCredentials()).toMatchObject({ password: 'ghs_short' });
  });

  test.each([
    ['nowhere', []],
    ['more than once', [{ id: 42 }, { id: 43 }]],
  ])('says what to do when it is installed %s', async (where, installations) => {
    const { forge } = await githubAt(answer(installations), anywhere);

    const fault = await faultOf(forge.gitCredentials());

    expect(fault).toMatchObject({ code: 'invalid-configuration', hint: expect.anything() });
    expect(fault['message']).toContain(where);
  });

  test('with a key that is none is refused at once', () => {
    const make = () =>
      createGithub({
        baseUrl: 'http://x',
        auth: { kind: 'app', appId: 17, privateKey: 'not a key' },
        userAgent: 'x',
      });

    expect(make).toThrow(expect.objectContaining({ code: 'invalid-configuration' }));
  });
});

test('a token is what Git signs in with', async () => {
  const { forge } = await githubAt(() => created);

  expect(await forge.gitCredentials()).toEqual({
    username: 'x-access-token',
    password: 'ghp_secret',
  });
});

describe('an answer without end', () => {
  test('is cut off', async () => {
    const chunk = new Uint8Array(1024 * 1024);
    const endless = () =>
      new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(chunk) });
    const fetch = boundedFetch(async () => await Promise.resolve(new Response(endless())));

    const response = await fetch('http://x');

    await expect(response.text()).rejects.toThrow('too large');
  });
});

describe('a clone url', () => {
  test.each([
    ['https://github.com/acme/infra.git', 'github.com'],
    ['https://github.com/acme/infra', 'github.com'],
    ['https://GitHub.com/acme/infra/', 'github.com'],
    ['https://user:secret@github.com/acme/infra.git', 'github.com'],
    ['http://127.0.0.1:8080/acme/infra.git', '127.0.0.1:8080'],
    ['ssh://git@github.com/acme/infra.git', 'github.com'],
    ['ssh://git@ghe.example:2222/acme/infra.git', 'ghe.example:2222'],
    ['git@github.com:acme/infra.git', 'github.com'],
  ])('%s names a repository', (url, host) => {
    expect(parseGithubUrl(url)).toEqual({ host, owner: 'acme', name: 'infra' });
  });

  test('may hold dots in its names', () => {
    expect(parseGithubUrl('https://github.com/acme/infra.io.git')?.name).toBe('infra.io');
  });

  test.each([
    '',
    'infra',
    '/srv/git/acme/infra.git',
    'file:///srv/acme/infra.git',
    'https://github.com/acme',
    'https://gitlab.com/group/sub/infra.git',
    'https://github.com/../infra.git',
    'https://github.com/acme/..',
    'git@github.com:/acme/infra.git',
    'ext::sh -c whoami',
  ])("'%s' does not", (url) => {
    expect(parseGithubUrl(url)).toBeNull();
  });
});

async function faultOf(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    const { message, stack, cause } = error as Error;
    return { ...(error as object), message, stack, cause };
  }
  throw new Error('there was no fault');
}
