import { createHash } from 'node:crypto';
import { bitbucketComments } from './bitbucket-comments.ts';
import { bitbucketPulls } from './bitbucket-pulls.ts';
import { repositoryPath } from './bitbucket-repository.ts';
import type { CommitStatus, Forge, ForgeLimits, RepositoryName } from './forge.ts';
import { createRestClient, type RestClient } from './rest-client.ts';

export interface BitbucketOptions {
  /** `https://api.bitbucket.org/2.0` */
  readonly baseUrl: string;
  /** With a token of a repository, project or workspace there is no user; with one of a person this is their address. */
  readonly username: string | null;
  readonly token: string;
  readonly userAgent: string;
  readonly fetch?: typeof globalThis.fetch;
}

/** It takes a little more than 250,000 for a comment, and long names; what is short is the key of a status. */
const limits: ForgeLimits = { comment: 250_000, description: 255, context: 255, html: false };
const MAX_KEY = 40;
/** Whoever a token of a person is of: their address signs in to the API, and not to Git. */
const USER = 'x-bitbucket-api-token-auth';

/** Bitbucket Cloud as a forge. It shows deployments of its own pipelines only. */
export function createBitbucket(options: BitbucketOptions): Forge {
  const { username, token } = options;
  const basic = Buffer.from(`${username ?? ''}:${token}`).toString('base64');
  const authorization = username === null ? `Bearer ${token}` : `Basic ${basic}`;
  const client = createRestClient({ ...options, forge: 'Bitbucket', authorization });
  return {
    limits,
    createCommitStatus: async (repository, sha, status) =>
      await createStatus(client, { repository, sha, status }),
    gitCredentials: () =>
      Promise.resolve({ username: username === null ? 'x-token-auth' : USER, password: token }),
    isPrivate: async (repository) => {
      const what = `who may read ${repository.name}`;
      const { body } = await client.send(what, { path: repositoryPath(repository) });
      return (body as { readonly is_private?: boolean }).is_private === true;
    },
    ...bitbucketPulls(client),
    ...bitbucketComments(client, { isPerson: username !== null }),
    deployments: null,
    checks: null,
    mergeQueue: null,
  };
}

const states = {
  pending: 'INPROGRESS',
  success: 'SUCCESSFUL',
  failure: 'FAILED',
  error: 'FAILED',
} as const;

/** Bitbucket keeps one status for each key and changes it. It must have an address. */
async function createStatus(
  client: RestClient,
  of: { readonly repository: RepositoryName; readonly sha: string; readonly status: CommitStatus },
): Promise<void> {
  const { state, context, description, targetUrl } = of.status;
  const { owner, name } = of.repository;
  const commit = encodeURIComponent(of.sha);
  await client.send(`status ${context} of ${owner}/${name}@${of.sha.slice(0, 7)}`, {
    method: 'POST',
    path: `${repositoryPath(of.repository)}/commit/${commit}/statuses/build`,
    body: {
      key: keyOf(context),
      name: context,
      state: states[state],
      description,
      url: targetUrl ?? `https://bitbucket.org/${owner}/${name}/commits/${commit}`,
    },
  });
}

/** A longer one is known by its digest, which is as long as a key may be. */
function keyOf(context: string): string {
  if (context.length <= MAX_KEY) return context;
  return createHash('sha1').update(context).digest('hex');
}
