import type { Octokit } from 'octokit';
import { createEtagCache, type EtagCache } from './etag-cache.ts';
import type { Forge, PullRequest, RepositoryName } from './forge.ts';
import type { GithubClient } from './github-client.ts';
import {
  inRepository,
  isNotFound,
  page,
  pagesOf,
  printName,
  type Range,
  requireCreated,
} from './github-pages.ts';

/** As far as it is used here, of a list or by itself. */
interface RawPull {
  readonly number: number;
  readonly title: string;
  readonly html_url: string;
  readonly user: { readonly login: string } | null;
  readonly state: string;
  readonly draft?: boolean;
  readonly merged_at: string | null;
  readonly merge_commit_sha: string | null;
  readonly head: { readonly sha: string; readonly ref: string; readonly repo: RawRepo | null };
  readonly base: { readonly ref: string; readonly repo: RawRepo };
}

interface RawRepo {
  readonly id: number;
}

type Pulls = Pick<Forge, 'pullRequests' | 'pullRequest' | 'openPullRequest'>;

export function githubPulls(client: GithubClient): Pulls {
  const lists = createEtagCache<Range<PullRequest>>();
  return {
    pullRequests: async (repository, base) =>
      await client.call(
        `pull requests of ${printName(repository)}`,
        async (octokit) => await openOnes(octokit, lists, { repository, base }),
      ),
    pullRequest: async (repository, number) =>
      await client.call(
        `pull request #${number} of ${printName(repository)}`,
        async (octokit) => await one(octokit, repository, number),
      ),
    openPullRequest: async (repository, of) =>
      await client.call(
        `a pull request from ${of.head} in ${printName(repository)}`,
        async (octokit) => await open(octokit, repository, of),
      ),
  };
}

async function openOnes(
  octokit: Octokit,
  lists: EtagCache<Range<PullRequest>>,
  { repository, base }: { readonly repository: RepositoryName; readonly base: string },
): Promise<readonly PullRequest[]> {
  const key = JSON.stringify([repository.owner, repository.name, base]);
  const pulls = await pagesOf(
    async (at) =>
      await lists.get(
        `${key} ${at}`,
        async (etag) =>
          await page(async () => {
            const response = await octokit.rest.pulls.list({
              ...inRepository(repository),
              base,
              state: 'open',
              sort: 'created',
              direction: 'asc',
              per_page: 100,
              page: at,
              ...(etag === null ? {} : { headers: { 'if-none-match': etag } }),
            });
            return { ...response, data: response.data.map(pullRequest) };
          }),
      ),
  );
  return [...pulls].sort((a, b) => a.number - b.number);
}

async function one(
  octokit: Octokit,
  repository: RepositoryName,
  number: number,
): Promise<PullRequest | null> {
  try {
    const { data } = await octokit.rest.pulls.get({
      ...inRepository(repository),
      pull_number: number,
    });
    return pullRequest(data);
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** One that is open already from the same branch is what was wanted: an answer may have been lost. */
async function open(
  octokit: Octokit,
  repository: RepositoryName,
  of: { title: string; body: string; head: string; base: string },
): Promise<{ readonly number: number; readonly url: string }> {
  const { owner } = repository;
  const { data: known } = await octokit.rest.pulls.list({
    ...inRepository(repository),
    head: `${owner}:${of.head}`,
    base: of.base,
    state: 'open',
  });
  const same = known[0];
  if (same !== undefined) return { number: same.number, url: same.html_url };
  const { data, status } = await octokit.rest.pulls.create({ ...inRepository(repository), ...of });
  requireCreated(status, 'pull request');
  return { number: data.number, url: data.html_url };
}

function pullRequest(raw: RawPull): PullRequest {
  const { number, title, html_url: url, head, base } = raw;
  const isMerged = raw.merged_at !== null;
  return {
    number,
    title,
    url,
    author: raw.user?.login ?? 'ghost',
    state: isMerged ? 'merged' : raw.state === 'open' ? 'open' : 'closed',
    isDraft: raw.draft === true,
    // The repository of a head whose fork has been removed is unknown.
    isFork: head.repo?.id !== base.repo.id,
    head: { sha: head.sha, branch: head.ref },
    base: base.ref,
    ref: `refs/pull/${number}/head`,
    mergeCommit: isMerged ? raw.merge_commit_sha : null,
  };
}
