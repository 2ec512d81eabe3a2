import type { RepositoryName } from './forge.ts';

/** Where a repository is in the API of Gitea and Forgejo. */
export function repositoryPath({ owner, name }: RepositoryName): string {
  return `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
}
