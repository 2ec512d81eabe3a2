import type { Deployments } from './forge.ts';
import type { GithubClient } from './github-client.ts';
import { inRepository, printName, requireCreated } from './github-pages.ts';

/** GitHub takes no more for the description of a state. */
const MAX_DESCRIPTION = 140;

export function githubDeployments(client: GithubClient): Deployments {
  return {
    find: async (repository, { sha, environment, key }) =>
      await client.call(`deployments of ${printName(repository)}`, async (octokit) => {
        const { data } = await octokit.rest.repos.listDeployments({
          ...inRepository(repository),
          sha,
          environment,
          per_page: 100,
        });
        const found = data.find(({ payload }) => keyIn(payload) === key);
        return found === undefined ? null : String(found.id);
      }),
    create: async (repository, { sha, environment, key, description }) =>
      await client.call(`a deployment to ${environment}`, async (octokit) => {
        const { data, status } = await octokit.rest.repos.createDeployment({
          ...inRepository(repository),
          ref: sha,
          environment,
          description: description.slice(0, MAX_DESCRIPTION),
          payload: { gridops: key },
          // The defaults would merge the default branch into the commit, and refuse while any other status is not green.
          auto_merge: false,
          required_contexts: [],
        });
        requireCreated(status, 'deployment');
        return String((data as { readonly id: number }).id);
      }),
    setState: async (repository, id, of) => {
      await client.call(`the state of a deployment`, async (octokit) => {
        const { status } = await octokit.rest.repos.createDeploymentStatus({
          ...inRepository(repository),
          deployment_id: Number(id),
          state: of.state,
          description: of.description.slice(0, MAX_DESCRIPTION),
          // The reporter retires earlier ones: GitHub would not where it takes the environment for production.
          auto_inactive: false,
          ...(of.logUrl === null ? {} : { log_url: of.logUrl }),
          ...(of.environmentUrl === null ? {} : { environment_url: of.environmentUrl }),
        });
        requireCreated(status, 'deployment status');
      });
    },
  };
}

/** GitHub gives back as text what it was given as text, and as an object what was one. */
function keyIn(payload: unknown): unknown {
  if (typeof payload !== 'object' || payload === null) return null;
  return (payload as { readonly gridops?: unknown }).gridops;
}
