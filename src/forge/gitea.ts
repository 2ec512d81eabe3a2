import type { CommitStatus, Forge, ForgeLimits, PullRequest, RepositoryName } from './forge.ts';
import { giteaComments } from './gitea-comments.ts';
import { repositoryPath } from './gitea-repository.ts';
import { createRestClient, type RestClient, RestRefusal } from './rest-client.ts';
import { hasNext, listed } from './rest-pages.ts';

export interface GiteaOptions {
  /** `https://HOST/api/v1` of a Gitea or Forgejo. */
  readonly baseUrl: string;
  /** Access token with write access to repositories and issues, of somebody who administers the repository. */
  readonly token: string;
  readonly userAgent: string;
  readonly fetch?: typeof globalThis.fetch;
}

/** The columns of its database take more than anybody reads; comments are cut by us. */
const limits: ForgeLimits = { comment: 1_000_000, description: 255, context: 255, html: true };
/** Servers give no more at once unless they were told to. */
const PAGE = 50;

/** Gitea and Forgejo as a forge. They show neither deployments nor check runs. */
export function createGitea(options: GiteaOptions): Forge {
  const { token } = options;
  const authorization = `token ${token}`;
  const client = createRestClient({ ...options, forge: 'Gitea', authorization });
  return {
    limits,
    createCommitStatus: async (repository, sha, status) =>
      await createStatus(client, { repository, sha, status }),
    // The token counts, the name does not.
    gitCredentials: () => Promise.resolve({ username: 'gridops', password: token }),
    isPrivate: async (repository) => {
      const what = `who may read ${repository.name}`;
      const { body } = await client.send(what, { path: repositoryPath(repository) });
      return (body as { readonly private?: boolean }).private === true;
    },
    pullRequests: async (repository, base) => await openOnes(client, repository, base),
    pullRequest: async (repository, number) => await one(client, repository, number),
    openPullRequest: async (repository, of) => await open(client, repository, of),
    ...giteaComments(client),
    deployments: null,
    checks: null,
    mergeQueue: null,
  };
}

async function createStatus(
  client: RestClient,
  of: { readonly repository: RepositoryName; readonly sha: string; readonly status: CommitStatus },
): Promise<void> {
  const { state, context, description, targetUrl } = of.status;
  await client.send(`status ${context} of ${of.sha.slice(0, 7)}`, {
    method: 'POST',
    path: `${repositoryPath(of.repository)}/statuses/${encodeURIComponent(of.sha)}`,
    body: { state, context, description, ...(targetUrl === null ? {} : { target_url: targetUrl }) },
  });
}

interface RawPull {
  readonly number: number;
  readonly title: string;
  readonly html_url: string;
  readonly user: { readonly login: string } | null;
  readonly state: string;
  readonly draft?: boolean;
  readonly merged: boolean;
  readonly merge_commit_sha: string | null;
  readonly head: { readonly sha: string; readonly ref: string; readonly repo_id: number };
  readonly base: { readonly ref: string; readonly repo_id: number };
}

/** Versions that cannot be asked for one base give all. */
async function openOnes(
  client: RestClient,
  repository: RepositoryName,
  base: string,
): Promise<readonly PullRequest[]> {
  const path = `${repositoryPath(repository)}/pulls`;
  const all = await listed(async (page) => {
    const query = { state: 'open', sort: 'oldest', limit: PAGE, page };
    const answer = await client.send('pull requests', { path, query });
    return { items: (answer.body as RawPull[]).map(pullRequest), hasMore: hasNext(answer) };
  });
  return all.filter((pull) => pull.base === base).toSorted((a, b) => a.number - b.number);
}

async function one(
  client: RestClient,
  repository: RepositoryName,
  number: number,
): Promise<PullRequest | null> {
  try {
    const path = `${repositoryPath(repository)}/pulls/${number}`;
    return pullRequest((await client.send(`pull request #${number}`, { path })).body as RawPull);
  } catch (error) {
    if (error instanceof RestRefusal && error.status === 404) return null;
    throw error;
  }
}

/** One that is open already from the same branch is what was wanted: an answer may have been lost. */
async function open(
  client: RestClient,
  repository: RepositoryName,
  of: Parameters<Forge['openPullRequest']>[1],
): Promise<{ readonly number: number; readonly url: string }> {
  const known = await openOnes(client, repository, of.base);
  const same = known.find(({ head, isFork }) => head.branch === of.head && !isFork);
  if (same !== undefined) return { number: same.number, url: same.url };
  const { head, base, title, body } = of;
  const answer = await client.send(`a pull request from ${head}`, {
    method: 'POST',
    path: `${repositoryPath(repository)}/pulls`,
    body: { head, base, title, body },
  });
  const { number, html_url: url } = answer.body as RawPull;
  return { number, url };
}

function pullRequest(raw: RawPull): PullRequest {
  const ref = `refs/pull/${raw.number}/head`;
  return {
    number: raw.number,
    title: raw.title,
    url: raw.html_url,
    author: raw.user?.login ?? 'ghost',
    state: raw.merged ? 'merged' : raw.state === 'open' ? 'open' : 'closed',
    // Older versions know drafts by their titles only.
    isDraft: raw.draft ?? /^(wip:|\[wip\])/i.test(raw.title),
    // Whoever may read can open one without a branch ("AGit"): it looks like one of the repository's own, but for its ref.
    isFork: raw.head.repo_id !== raw.base.repo_id || raw.head.ref === ref,
    head: { sha: raw.head.sha, branch: raw.head.ref },
    base: raw.base.ref,
    ref,
    mergeCommit: raw.merged ? raw.merge_commit_sha : null,
  };
}
