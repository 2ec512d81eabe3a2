import { RequestError } from 'octokit';
import { GridError } from '../model/error.ts';
import type { Tagged } from './etag-cache.ts';
import type { RepositoryName } from './forge.ts';

/** A page of a list, and whether there is another. */
export interface Range<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
}

interface Listed<T> {
  readonly data: readonly T[];
  readonly headers: { readonly etag?: string | undefined; readonly link?: string | undefined };
}

/** Nobody has more of anything that is listed here; whoever says so is not believed for ever. */
const MAX_PAGES = 50;

/** One page with its tag; `null`: not modified, which octokit takes for a fault. */
export async function page<T>(list: () => Promise<Listed<T>>): Promise<Tagged<Range<T>> | null> {
  try {
    const { data, headers } = await list();
    const hasMore = /rel="next"/.test(headers.link ?? '');
    return { etag: headers.etag ?? null, value: { items: data, hasMore } };
  } catch (error) {
    if (error instanceof RequestError && error.status === 304) return null;
    throw error;
  }
}

/** All items of all pages, which are counted from 1. */
export async function pagesOf<T>(fetch: (at: number) => Promise<Range<T>>): Promise<readonly T[]> {
  const all: T[] = [];
  for (let at = 1; at <= MAX_PAGES; at += 1) {
    const { items, hasMore } = await fetch(at);
    all.push(...items);
    if (!hasMore) return all;
  }
  throw new GridError({
    code: 'forge-refused',
    message: `there are more than ${MAX_PAGES} pages of them`,
    hint: 'Close what nobody needs any more.',
  });
}

export function isNotFound(error: unknown): boolean {
  return error instanceof RequestError && error.status === 404;
}

export function inRepository({ owner, name }: RepositoryName): { owner: string; repo: string } {
  return { owner, repo: name };
}

export function printName({ owner, name }: RepositoryName): string {
  return `${owner}/${name}`;
}

/** A redirect that turned a POST into a GET ends in 200 and has created nothing. */
export function requireCreated(status: number, what: string): void {
  if (status === 201) return;
  throw new GridError({
    code: 'forge-refused',
    message: `GitHub answered ${status} where 201 was expected: no ${what} was created`,
    hint: "Check the API address and the repository's name: it may have moved.",
  });
}
