import { afterEach, describe, expect, test } from 'vitest';
import { createBitbucket } from '../../src/forge/bitbucket.ts';
import { type Answer, type HttpStub, type SeenRequest, startHttpStub } from './http-stub.ts';

const stubs: HttpStub[] = [];

afterEach(async () => {
  for (const stub of stubs.splice(0)) await stub.close();
});

const named = { owner: 'acme', name: 'grids' };
const marker = '[//]: # "gridops:preview"';
const refusal = { type: 'error', error: { message: 'not supported for this endpoint' } };

function aComment(id: number, user: { readonly uuid: string; readonly type: string }) {
  const links = { html: { href: `https://bitbucket.test/#comment-${id}` } };
  const created_on = '2026-11-26T10:00:00Z';
  return { id, content: { raw: `${marker}\nA plan` }, deleted: false, user, created_on, links };
}

async function aForge(username: string | null, answer: (request: SeenRequest) => Answer) {
  const stub = await startHttpStub(answer);
  stubs.push(stub);
  const forge = createBitbucket({ baseUrl: stub.url, username, token: 't', userAgent: 'gridops' });
  return { forge, requests: stub.requests };
}

const mallory = { uuid: '{mallory}', type: 'user' };
const carol = { uuid: '{carol}', type: 'user' };
const bot = { uuid: '{bot}', type: 'app_user' };

describe('a token of the repository', () => {
  test('finds its comment although Bitbucket does not say whose it is', async () => {
    const { forge } = await aForge(null, ({ path }) =>
      path === '/user'
        ? { status: 401, body: refusal }
        : { status: 200, body: { values: [aComment(1, mallory), aComment(2, bot)] } },
    );
    expect(await forge.findComment(named, 7, marker)).toMatchObject({ id: '2' });
  });

  test('signs Git in as Bitbucket says', async () => {
    const { forge } = await aForge(null, () => ({ status: 500 }));
    expect(await forge.gitCredentials()).toEqual({ username: 'x-token-auth', password: 't' });
  });
});

describe('a token of a person', () => {
  test("finds that person's comment, and nobody else's", async () => {
    const { forge } = await aForge('carol@example.com', ({ path }) =>
      path === '/user'
        ? { status: 200, body: carol }
        : {
            status: 200,
            body: {
              values: [1, 2, 3].map((id) => aComment(id, [mallory, bot, carol][id - 1] ?? bot)),
            },
          },
    );
    expect(await forge.findComment(named, 7, marker)).toMatchObject({ id: '3' });
  });

  test('signs Git in without their address, which Git at Bitbucket does not know', async () => {
    const { forge } = await aForge('carol@example.com', () => ({ status: 500 }));
    const username = 'x-bitbucket-api-token-auth';
    expect(await forge.gitCredentials()).toEqual({ username, password: 't' });
  });
});
