import { afterEach, expect, test } from 'vitest';
import { createGitea } from '../../src/forge/gitea.ts';
import { type HttpStub, startHttpStub } from './http-stub.ts';

const stubs: HttpStub[] = [];

afterEach(async () => {
  for (const stub of stubs.splice(0)) await stub.close();
});

const named = { owner: 'acme', name: 'grids' };

/** As services/convert/pull.go writes it. */
function aPull(head: { readonly ref: string; readonly repo_id: number }) {
  return {
    number: 7,
    title: 'A change',
    html_url: 'https://git.test/acme/grids/pulls/7',
    user: { login: 'mallory' },
    state: 'open',
    draft: false,
    merged: false,
    merge_commit_sha: null,
    head: { sha: 'a'.repeat(40), ...head },
    base: { ref: 'main', repo_id: 1 },
  };
}

test.each([
  ['from a branch of the repository is its own', { ref: 'topic', repo_id: 1 }, false],
  ["from a fork is a stranger's", { ref: 'topic', repo_id: 2 }, true],
  ["from a fork that is gone is a stranger's", { ref: 'refs/pull/7/head', repo_id: -1 }, true],
  // git push origin HEAD:refs/for/main
  ["without a branch is a stranger's", { ref: 'refs/pull/7/head', repo_id: 1 }, true],
])('a pull request %s', async (_, head, isFork) => {
  const stub = await startHttpStub(() => ({ status: 200, body: aPull(head) }));
  stubs.push(stub);
  const forge = createGitea({ baseUrl: stub.url, token: 't', userAgent: 'gridops' });

  expect(await forge.pullRequest(named, 7)).toMatchObject({ isFork, ref: 'refs/pull/7/head' });
});
