import type { CommitStatus, Forge, ForgeLimits, RepositoryName } from './forge.ts';
import { githubChecks } from './github-checks.ts';
import { createGithubClient, type GithubClient, type GithubOptions } from './github-client.ts';
import { githubComments } from './github-comments.ts';
import { githubDeployments } from './github-deployments.ts';
import { githubMergeQueue } from './github-merge-queue.ts';
import { inRepository, printName, requireCreated } from './github-pages.ts';
import { githubPulls } from './github-pulls.ts';

/** GitHub refuses longer ones. */
const limits: ForgeLimits = { comment: 65_536, description: 140, context: 255, html: true };

/**
 * GitHub as a forge. Sends each request once: whoever keeps what is still to be said (the outbox) also says it again. No
 * request is made before the first call. Throws `GridError` `invalid-configuration` for an app key that is none.
 */
export function createGithub(options: GithubOptions): Forge {
  const client = createGithubClient(options);
  return {
    limits,
    createCommitStatus: async (repository, sha, status) => {
      await createCommitStatus(client, { repository, sha, status });
    },
    gitCredentials: async () => ({
      username: 'x-access-token',
      password: await client.token(),
    }),
    isPrivate: async (repository) =>
      await client.call(`who may read ${printName(repository)}`, async (octokit) => {
        const { data } = await octokit.rest.repos.get(inRepository(repository));
        return data.private;
      }),
    ...githubPulls(client),
    ...githubComments(client),
    deployments: githubDeployments(client),
    checks: options.auth.kind === 'app' ? githubChecks(client, options.auth) : null,
    mergeQueue: githubMergeQueue(client),
  };
}

/** Owner, name and host (with its port) of an https, ssh or scp-like clone URL; `null` when it cannot be GitHub's. */
export function parseGithubUrl(
  cloneUrl: string,
): { readonly host: string; readonly owner: string; readonly name: string } | null {
  const scp = /^[\w.-]+@([\w.-]+):(?!\/)(.+)$/.exec(cloneUrl);
  const [host, path] = scp === null ? splitUrl(cloneUrl) : [scp[1] ?? '', scp[2] ?? ''];
  const match = /^([\w.-]{1,100})\/([\w.-]{1,100}?)(?:\.git)?\/?$/.exec(path);
  const [, owner = '', name = ''] = match ?? [];
  if (host === '' || isDots(owner) || isDots(name)) return null;
  return { host: host.toLowerCase(), owner, name };
}

async function createCommitStatus(
  client: GithubClient,
  of: {
    readonly repository: RepositoryName;
    readonly sha: string;
    readonly status: CommitStatus;
  },
): Promise<void> {
  const { state, context, description, targetUrl } = of.status;
  const what = `status ${context} of ${printName(of.repository)}@${of.sha.slice(0, 7)}`;
  await client.call(what, async (octokit) => {
    const { status } = await octokit.rest.repos.createCommitStatus({
      ...inRepository(of.repository),
      sha: of.sha,
      state,
      context,
      description,
      ...(targetUrl === null ? {} : { target_url: targetUrl }),
    });
    requireCreated(status, 'status');
  });
}

function splitUrl(cloneUrl: string): readonly [host: string, path: string] {
  if (!URL.canParse(cloneUrl)) return ['', ''];
  const { protocol, host, pathname } = new URL(cloneUrl);
  return /^(https?|ssh|git\+ssh):$/.test(protocol) ? [host, pathname.slice(1)] : ['', ''];
}

function isDots(name: string): boolean {
  return /^\.*$/.test(name);
}
