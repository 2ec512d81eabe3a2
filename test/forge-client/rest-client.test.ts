import { afterEach, describe, expect, test } from 'vitest';
import { forBitbucket } from '../../src/forge/bitbucket-markdown.ts';
import { RateLimited } from '../../src/forge/forge.ts';
import { withoutQuickActions } from '../../src/forge/gitlab-project.ts';
import { createRestClient } from '../../src/forge/rest-client.ts';
import { listed } from '../../src/forge/rest-pages.ts';
import { type Answer, type HttpStub, startHttpStub } from './http-stub.ts';

const stubs: HttpStub[] = [];

afterEach(async () => {
  for (const stub of stubs.splice(0)) await stub.close();
});

async function clientOf(answer: () => Answer) {
  const stub = await startHttpStub(answer);
  stubs.push(stub);
  const client = createRestClient({
    forge: 'GitLab',
    baseUrl: `${stub.url}/api/v4/`,
    authorization: 'Bearer secret-token',
    userAgent: 'gridops',
  });
  return { client, requests: stub.requests };
}

describe('a request', () => {
  test('goes below the base, with what it needs and nothing else', async () => {
    const { client, requests } = await clientOf(() => ({ status: 200, body: { id: 1 } }));

    const { body } = await client.send('a thing', {
      path: '/projects/a%2Fb',
      query: { state: 'opened', page: 2, missing: null },
    });

    expect(body).toEqual({ id: 1 });
    expect(requests).toMatchObject([
      {
        method: 'GET',
        path: '/api/v4/projects/a%2Fb?state=opened&page=2',
        headers: { authorization: 'Bearer secret-token', 'user-agent': 'gridops' },
      },
    ]);
  });

  test.each<[string, Answer, object]>([
    ['401', { status: 401, body: { message: 'no' } }, { code: 'forge-refused', retry: 'never' }],
    ['404', { status: 404, body: { error: { message: 'no' } } }, { code: 'forge-refused' }],
    ['a redirect', { status: 301, headers: { location: '/elsewhere' } }, { code: 'forge-refused' }],
    ['500', { status: 500 }, { code: 'forge-unreachable', retry: 'later' }],
  ])(
    'that is answered with %s is sent once and says nothing of the token',
    async (_, answer, of) => {
      const { client, requests } = await clientOf(() => answer);

      const fault = (await client
        .send('a thing', { path: '/x' })
        .catch((e: unknown) => e)) as Error;

      expect(fault).toMatchObject(of);
      expect(fault.message).toMatch(/^a thing: /);
      expect(JSON.stringify([fault.message, fault.stack, fault])).not.toContain('secret-token');
      expect(requests).toHaveLength(1);
    },
  );

  test.each([
    ['retry-after', { 'retry-after': '7' }, 7],
    ['a time', { 'ratelimit-reset': String(Math.floor(Date.now() / 1_000) + 30) }, 31],
    ['neither', {}, 60],
    ['a time long past', { 'ratelimit-reset': '1000000000' }, 1],
    ['what is left, as Bitbucket says it', { 'x-ratelimit-reset': '745' }, 745],
  ])('that is limited with %s waits', async (_, headers, seconds) => {
    const { client } = await clientOf(() => ({ status: 429, headers }));

    const fault = await client.send('a thing', { path: '/x' }).catch((e: unknown) => e);

    expect(fault).toBeInstanceOf(RateLimited);
    expect(Math.abs((fault as RateLimited).retryAfter - seconds)).toBeLessThanOrEqual(1);
  });
});

describe('a list', () => {
  test('is walked page by page to its end', async () => {
    const items = await listed((page) => Promise.resolve({ items: [page], hasMore: page < 4 }));

    expect(items).toEqual([1, 2, 3, 4]);
  });

  test('without end is not walked for ever', async () => {
    const walking = listed(() => Promise.resolve({ items: [0], hasMore: true }));

    await expect(walking).rejects.toMatchObject({ code: 'forge-refused' });
  });
});

test('what GitLab would carry out is only text', () => {
  expect(withoutQuickActions('a\n/merge\n  /close now\n/ not\na /b\n//c')).toBe(
    'a\n\\/merge\n  \\/close now\n/ not\na /b\n//c',
  );
});

test('what Bitbucket would show of HTML is left out or said otherwise', () => {
  const markdown =
    '<!-- plan (1) -->\n<details><summary>shop <b>3</b></summary>\n\ntext\n</details>';

  expect(forBitbucket(markdown)).toBe('[//]: # (plan \\(1\\))\n**shop 3**\n\ntext');
});
