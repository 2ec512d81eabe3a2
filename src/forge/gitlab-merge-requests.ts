import { createEtagCache, type EtagCache } from './etag-cache.ts';
import type { Forge, PullRequest, RepositoryName } from './forge.ts';
import { projectPath, refusedWith, withoutQuickActions } from './gitlab-project.ts';
import type { RestClient } from './rest-client.ts';
import { hasNext, listed, type Page, tagged } from './rest-pages.ts';

/** As far as it is used here. */
interface RawMergeRequest {
  readonly iid: number;
  readonly title: string;
  readonly web_url: string;
  readonly author: { readonly username: string } | null;
  readonly state: string;
  readonly draft?: boolean;
  /** `draft` of older versions. */
  readonly work_in_progress?: boolean;
  readonly source_project_id: number | null;
  readonly target_project_id: number;
  readonly sha: string | null;
  readonly source_branch: string;
  readonly target_branch: string;
  readonly merge_commit_sha: string | null;
  readonly squash_commit_sha?: string | null;
}

type MergeRequests = Pick<Forge, 'pullRequests' | 'pullRequest' | 'openPullRequest'>;

export function gitlabMergeRequests(client: RestClient): MergeRequests {
  const lists = createEtagCache<Page<PullRequest>>();
  return {
    pullRequests: async (repository, base) => await openOnes(client, lists, repository, base),
    pullRequest: async (repository, number) => await one(client, repository, number),
    openPullRequest: async (repository, of) => await open(client, repository, of),
  };
}

async function openOnes(
  client: RestClient,
  lists: EtagCache<Page<PullRequest>>,
  repository: RepositoryName,
  base: string,
): Promise<readonly PullRequest[]> {
  const path = `${projectPath(repository)}/merge_requests`;
  const all = await listed(
    async (page) =>
      await lists.get(`${path} ${base} ${page}`, async (etag) => {
        const query = { state: 'opened', target_branch: base, order_by: 'created_at', sort: 'asc' };
        const answer = await client.send('merge requests', {
          path,
          query: { ...query, per_page: 100, page },
          etag,
        });
        return tagged(answer, (body) => ({
          items: (body as RawMergeRequest[]).map(pullRequest),
          hasMore: hasNext(answer),
        }));
      }),
  );
  return all.toSorted((a, b) => a.number - b.number);
}

async function one(
  client: RestClient,
  repository: RepositoryName,
  number: number,
): Promise<PullRequest | null> {
  try {
    const path = `${projectPath(repository)}/merge_requests/${number}`;
    const { body } = await client.send(`merge request !${number}`, { path });
    return pullRequest(body as RawMergeRequest);
  } catch (error) {
    if (refusedWith(error, 404)) return null;
    throw error;
  }
}

/** One that is open already from the same branch is what was wanted: an answer may have been lost. */
async function open(
  client: RestClient,
  repository: RepositoryName,
  of: Parameters<Forge['openPullRequest']>[1],
): Promise<{ readonly number: number; readonly url: string }> {
  const path = `${projectPath(repository)}/merge_requests`;
  const what = `a merge request from ${of.head}`;
  const branches = { source_branch: of.head, target_branch: of.base };
  const known = await client.send(what, { path, query: { ...branches, state: 'opened' } });
  const [same] = known.body as RawMergeRequest[];
  if (same !== undefined) return { number: same.iid, url: same.web_url };
  const { body } = await client.send(what, {
    method: 'POST',
    path,
    body: { ...branches, title: of.title, description: withoutQuickActions(of.body) },
  });
  const { iid, web_url: url } = body as RawMergeRequest;
  return { number: iid, url };
}

function pullRequest(raw: RawMergeRequest): PullRequest {
  const isMerged = raw.state === 'merged';
  return {
    number: raw.iid,
    title: raw.title,
    url: raw.web_url,
    author: raw.author?.username ?? 'ghost',
    // While it is being merged it is `locked`.
    state: isMerged ? 'merged' : /^(opened|locked)$/.test(raw.state) ? 'open' : 'closed',
    isDraft: raw.draft ?? raw.work_in_progress ?? false,
    isFork: raw.source_project_id !== raw.target_project_id,
    head: { sha: raw.sha ?? '', branch: raw.source_branch },
    base: raw.target_branch,
    ref: `refs/merge-requests/${raw.iid}/head`,
    // By fast forward there is no commit of the merge: the branch has become the head.
    mergeCommit: isMerged ? (raw.merge_commit_sha ?? raw.squash_commit_sha ?? raw.sha) : null,
  };
}
