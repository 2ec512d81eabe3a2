import type { RepositoryName } from './forge.ts';
import { RestRefusal } from './rest-client.ts';

/** Where a repository is in Bitbucket's API. */
export function repositoryPath({ owner, name }: RepositoryName): string {
  return `/repositories/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof RestRefusal && error.status === 404;
}

/** Bitbucket's lists: `next` is the address of the next page, of which only its being there matters. */
export interface RawList<T> {
  readonly values: readonly T[];
  readonly next?: string;
}

/** A text inside a query. */
export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
