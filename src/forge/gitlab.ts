import { GridError } from '../model/error.ts';
import type { CommitStatus, Forge, ForgeLimits, RepositoryName } from './forge.ts';
import { gitlabComments } from './gitlab-comments.ts';
import { gitlabMergeRequests } from './gitlab-merge-requests.ts';
import { projectPath, refusedWith } from './gitlab-project.ts';
import { createRestClient, type RestClient } from './rest-client.ts';
import { createTurns } from './turns.ts';

export interface GitlabOptions {
  /** `https://gitlab.com/api/v4`, or that of one's own server. */
  readonly baseUrl: string;
  /** Personal, group or project access token with the scope `api`. */
  readonly token: string;
  readonly userAgent: string;
  readonly fetch?: typeof globalThis.fetch;
}

/** Its documents name the three. */
const limits: ForgeLimits = { comment: 1_000_000, description: 255, context: 255, html: true };
const MAX_TARGET_URL = 255;
/** Commits whose pipeline is remembered. */
const MAX_PIPELINES = 500;

/** GitLab as a forge. Deploys are shown as statuses only: its environments need a branch that they were deployed from. */
export function createGitlab(options: GitlabOptions): Forge {
  const client = createRestClient({
    ...options,
    forge: 'GitLab',
    authorization: `Bearer ${options.token}`,
  });
  const pipelines = new Map<string, Pipeline>();
  // Two first statuses of a commit at once would each make a pipeline.
  const turns = createTurns();
  return {
    limits,
    createCommitStatus: async (repository, sha, status) =>
      await turns(sha, async () => {
        await createStatus(client, pipelines, { repository, sha, status });
      }),
    gitCredentials: () => Promise.resolve({ username: 'oauth2', password: options.token }),
    isPrivate: async (repository) => {
      const what = `who may read ${repository.name}`;
      const { body } = await client.send(what, { path: projectPath(repository) });
      // Internal ones are for everybody who has an account.
      return (body as { readonly visibility?: string }).visibility === 'private';
    },
    ...gitlabMergeRequests(client),
    ...gitlabComments(client, options.baseUrl),
    deployments: null,
    checks: null,
    mergeQueue: null,
  };
}

interface Pipeline {
  readonly id: number;
  readonly ref: string;
}

interface StatusOf {
  readonly repository: RepositoryName;
  readonly sha: string;
  readonly status: CommitStatus;
}

/** GitLab's words. It has none for faults of ours. */
const states = {
  pending: 'running',
  success: 'success',
  failure: 'failed',
  error: 'failed',
} as const;

/**
 * Without the pipeline that the commit has already GitLab makes a second one, and shows this status in that. A status that is
 * running cannot begin to run again, not even with another text: GitLab refuses, and what it shows is right.
 */
async function createStatus(
  client: RestClient,
  pipelines: Map<string, Pipeline>,
  of: StatusOf,
): Promise<void> {
  const pipeline = await pipelineOf(client, pipelines, of);
  try {
    await say(client, of, pipeline === null ? {} : { pipeline_id: pipeline.id, ref: pipeline.ref });
  } catch (error) {
    if (of.status.state === 'pending' && refusedWith(error, 400, /Cannot transition status/))
      return;
    if (refusedWith(error, 409)) throw busy(of);
    const ref = refusedWith(error, 404, /References for commit/) ? await refOf(client, of) : null;
    if (ref === null) throw error;
    await say(client, of, { ref });
  }
}

async function say(
  client: RestClient,
  { repository, sha, status }: StatusOf,
  where: { readonly pipeline_id?: number; readonly ref?: string },
): Promise<void> {
  const { context, description, targetUrl, state } = status;
  const fits = targetUrl !== null && targetUrl.length <= MAX_TARGET_URL;
  await client.send(whatOf({ repository, sha, status }), {
    method: 'POST',
    path: `${projectPath(repository)}/statuses/${encodeURIComponent(sha)}`,
    body: {
      state: states[state],
      name: context,
      description,
      ...(fits ? { target_url: targetUrl } : {}),
      ...where,
    },
  });
}

function whatOf({ repository, sha, status }: StatusOf): string {
  return `status ${status.context} of ${repository.owner}/${repository.name}@${sha.slice(0, 7)}`;
}

/** One status of a commit at a time, whoever says it: GitLab waits for ten seconds, and gives up. */
function busy(of: StatusOf): GridError {
  return new GridError({
    code: 'forge-unreachable',
    message: `${whatOf(of)}: somebody else is saying one of the same commit`,
    retry: 'later',
  });
}

/** A commit of a fork is on no branch, which GitLab looks for to put the status in: on that of its merge request. */
async function refOf(client: RestClient, { repository, sha }: StatusOf): Promise<string | null> {
  const path = `${projectPath(repository)}/repository/commits/${encodeURIComponent(sha)}/merge_requests`;
  const { body } = await client.send(`merge requests with ${sha.slice(0, 7)}`, { path });
  const [first] = body as readonly { readonly iid: number }[];
  return first === undefined ? null : `refs/merge-requests/${first.iid}/head`;
}

async function pipelineOf(
  client: RestClient,
  known: Map<string, Pipeline>,
  { repository, sha }: StatusOf,
): Promise<Pipeline | null> {
  const path = `${projectPath(repository)}/repository/commits/${encodeURIComponent(sha)}`;
  const remembered = known.get(path);
  if (remembered !== undefined) return remembered;
  const { body } = await client.send(`commit ${sha.slice(0, 7)}`, { path });
  const found = (body as { readonly last_pipeline?: Pipeline | null }).last_pipeline ?? null;
  if (found !== null) known.set(path, { id: found.id, ref: found.ref });
  for (const oldest of known.keys()) {
    if (known.size <= MAX_PIPELINES) break;
    known.delete(oldest);
  }
  return found;
}
