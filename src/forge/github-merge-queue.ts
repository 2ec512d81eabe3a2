import { createEtagCache } from './etag-cache.ts';
import type { MergeQueue, QueuedGroup } from './forge.ts';
import type { GithubClient } from './github-client.ts';
import { inRepository, page, printName, type Range } from './github-pages.ts';

/** GitHub has no list of what a queue has built, but for the branches on which it builds. */
export function githubMergeQueue(client: GithubClient): MergeQueue {
  const lists = createEtagCache<Range<QueuedGroup>>();
  return {
    groups: async (repository, branch) => {
      const folder = `heads/gh-readonly-queue/${branch}/`;
      const list = await client.call(
        `the merge queue of ${printName(repository)}`,
        async (octokit) =>
          await lists.get(
            JSON.stringify([repository, branch]),
            async (etag) =>
              await page(async () => {
                const response = await octokit.rest.git.listMatchingRefs({
                  ...inRepository(repository),
                  ref: folder,
                  ...(etag === null ? {} : { headers: { 'if-none-match': etag } }),
                });
                const data = response.data.map(({ ref, object }) => ({ ref, sha: object.sha }));
                return { ...response, data };
              }),
          ),
      );
      // The queue of the branch `main/x` is below that of `main`.
      return list.items.filter(({ ref }) => !ref.slice(`refs/${folder}`.length).includes('/'));
    },
  };
}
