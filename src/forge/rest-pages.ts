import { GridError } from '../model/error.ts';
import type { Tagged } from './etag-cache.ts';
import type { RestAnswer } from './rest-client.ts';

/** Nobody has more of anything that is listed here; whoever says so is not believed for ever. */
const MAX_PAGES = 100;

export interface Page<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
}

/** Whatever is listed, from page 1 on, until there is no more of it or `enough` of it. */
export async function listed<T>(
  fetch: (page: number) => Promise<Page<T>>,
  enough: (items: readonly T[]) => boolean = () => false,
): Promise<readonly T[]> {
  const all: T[] = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const { items, hasMore } = await fetch(page);
    all.push(...items);
    if (!hasMore || enough(all)) return all;
  }
  throw new GridError({
    code: 'forge-refused',
    message: `there are more than ${MAX_PAGES} pages of them`,
    hint: 'Close what nobody needs any more.',
  });
}

/** A page of a list with its tag; `null`: not modified. */
export function tagged<T>(
  answer: RestAnswer,
  read: (body: unknown) => Page<T>,
): Tagged<Page<T>> | null {
  if (answer.status === 304) return null;
  return { etag: answer.headers.get('etag'), value: read(answer.body) };
}

/** Whether a `Link` header speaks of another page. */
export function hasNext({ headers }: RestAnswer): boolean {
  return /rel="?next"?/.test(headers.get('link') ?? '');
}
