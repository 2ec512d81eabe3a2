import { afterEach, expect, test } from 'vitest';
import { createGitlab } from '../../src/forge/gitlab.ts';
import { type Answer, type HttpStub, type SeenRequest, startHttpStub } from './http-stub.ts';

const stubs: HttpStub[] = [];

afterEach(async () => {
  for (const stub of stubs.splice(0)) await stub.close();
});

const named = { owner: 'acme/team', name: 'grids' };
const status = {
  state: 'success',
  context: 'gridops/prod',
  description: '2 instances running',
  targetUrl: null,
} as const;

async function aForge(answer: (request: SeenRequest) => Answer) {
  const stub = await startHttpStub(answer);
  stubs.push(stub);
  return createGitlab({ baseUrl: stub.url, token: 't', userAgent: 'gridops' });
}

test('a status that somebody else stands in the way of is said later', async () => {
  const forge = await aForge(({ method }) =>
    method === 'POST'
      ? { status: 409, body: { message: 'Another update to this commit status is in progress' } }
      : { status: 200, body: { last_pipeline: null } },
  );

  const saying = forge.createCommitStatus(named, 'a'.repeat(40), status);

  await expect(saying).rejects.toMatchObject({ code: 'forge-unreachable', retry: 'later' });
});
