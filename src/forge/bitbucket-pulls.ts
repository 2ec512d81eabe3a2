import { isNotFound, quoted, type RawList, repositoryPath } from './bitbucket-repository.ts';
import type { Forge, PullRequest, RepositoryName } from './forge.ts';
import type { RestClient } from './rest-client.ts';
import { listed } from './rest-pages.ts';

interface RawPull {
  readonly id: number;
  readonly title: string;
  readonly links: { readonly html: { readonly href: string } };
  readonly author: { readonly nickname?: string; readonly display_name?: string } | null;
  readonly state: string;
  readonly draft?: boolean;
  readonly source: Side;
  readonly destination: Side;
  readonly merge_commit: { readonly hash: string } | null;
}

interface Side {
  readonly branch: { readonly name: string };
  /** Its first twelve digits. */
  readonly commit: { readonly hash: string } | null;
  /** `null`: the fork has been removed. */
  readonly repository: { readonly full_name: string } | null;
}

type Pulls = Pick<Forge, 'pullRequests' | 'pullRequest' | 'openPullRequest'>;

/** Pull requests come 50 at a time at most. */
const PAGE = 50;
const MAX_COMMITS = 2_000;

export function bitbucketPulls(client: RestClient): Pulls {
  // What an abbreviation stands for does not change.
  const commits = new Map<string, string>();
  return {
    pullRequests: async (repository, base) => await openOnes(client, commits, repository, base),
    pullRequest: async (repository, number) => {
      const raw = await one(client, repository, number);
      return raw === null ? null : await pullRequest(client, commits, repository, raw);
    },
    openPullRequest: async (repository, of) => await open(client, repository, of),
  };
}

async function openOnes(
  client: RestClient,
  commits: Map<string, string>,
  repository: RepositoryName,
  base: string,
): Promise<readonly PullRequest[]> {
  const q = `state = "OPEN" AND destination.branch.name = ${quoted(base)}`;
  const raw = await search(client, repository, q);
  const pulls: PullRequest[] = [];
  for (const each of raw) pulls.push(await pullRequest(client, commits, repository, each));
  return pulls.toSorted((a, b) => a.number - b.number);
}

async function search(
  client: RestClient,
  repository: RepositoryName,
  q: string,
): Promise<readonly RawPull[]> {
  const path = `${repositoryPath(repository)}/pullrequests`;
  return await listed(async (page) => {
    const query = { q, pagelen: PAGE, page };
    const { values, next } = (await client.send('pull requests', { path, query }))
      .body as RawList<RawPull>;
    return { items: values, hasMore: next !== undefined };
  });
}

async function one(
  client: RestClient,
  repository: RepositoryName,
  number: number,
): Promise<RawPull | null> {
  try {
    const path = `${repositoryPath(repository)}/pullrequests/${number}`;
    return (await client.send(`pull request #${number}`, { path })).body as RawPull;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** One that is open already from the same branch is what was wanted: an answer may have been lost. */
async function open(
  client: RestClient,
  repository: RepositoryName,
  of: Parameters<Forge['openPullRequest']>[1],
): Promise<{ readonly number: number; readonly url: string }> {
  const q = `state = "OPEN" AND source.branch.name = ${quoted(of.head)} AND destination.branch.name = ${quoted(of.base)}`;
  const known = await search(client, repository, q);
  const same = known.find((each) => !isFork(repository, each));
  if (same !== undefined) return { number: same.id, url: same.links.html.href };
  const answer = await client.send(`a pull request from ${of.head}`, {
    method: 'POST',
    path: `${repositoryPath(repository)}/pullrequests`,
    body: {
      title: of.title,
      description: of.body,
      source: { branch: { name: of.head } },
      destination: { branch: { name: of.base } },
    },
  });
  const { id, links } = answer.body as RawPull;
  return { number: id, url: links.html.href };
}

/** Bitbucket has no refs of pull requests: those of forks cannot be fetched from the repository itself. */
async function pullRequest(
  client: RestClient,
  commits: Map<string, string>,
  repository: RepositoryName,
  raw: RawPull,
): Promise<PullRequest> {
  const { source, destination } = raw;
  const fork = isFork(repository, raw);
  const isMerged = raw.state === 'MERGED';
  const from = source.repository === null ? null : nameOf(source.repository.full_name);
  const merge = raw.merge_commit?.hash ?? null;
  return {
    number: raw.id,
    title: raw.title,
    url: raw.links.html.href,
    author: raw.author?.nickname ?? raw.author?.display_name ?? 'ghost',
    state: isMerged ? 'merged' : raw.state === 'OPEN' ? 'open' : 'closed',
    isDraft: raw.draft === true,
    isFork: fork,
    head: {
      sha: await fullHash(client, commits, from ?? repository, source.commit?.hash ?? ''),
      branch: source.branch.name,
    },
    base: destination.branch.name,
    ref: fork ? null : `refs/heads/${source.branch.name}`,
    mergeCommit:
      isMerged && merge !== null ? await fullHash(client, commits, repository, merge) : null,
  };
}

/** As it is when nobody can say more: the commit is gone, or its repository is not for us. */
async function fullHash(
  client: RestClient,
  commits: Map<string, string>,
  repository: RepositoryName,
  hash: string,
): Promise<string> {
  const path = `${repositoryPath(repository)}/commit/${encodeURIComponent(hash)}`;
  const known = commits.get(path);
  if (known !== undefined || hash === '' || hash.length >= 40) return known ?? hash;
  try {
    const { body } = await client.send(`commit ${hash}`, { path });
    commits.set(path, (body as { readonly hash: string }).hash);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return hash;
  }
  for (const oldest of commits.keys()) {
    if (commits.size <= MAX_COMMITS) break;
    commits.delete(oldest);
  }
  return commits.get(path) ?? hash;
}

function isFork({ owner, name }: RepositoryName, { source }: RawPull): boolean {
  const from = source.repository?.full_name ?? '';
  return from.toLowerCase() !== `${owner}/${name}`.toLowerCase();
}

function nameOf(fullName: string): RepositoryName {
  const [owner = '', name = ''] = fullName.split('/');
  return { owner, name };
}
