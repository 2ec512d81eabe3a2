import type { Call, Reply, Repository } from './world.ts';

interface Page {
  readonly items: readonly unknown[];
  /** `Link`, when there is more than this page. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One page of a list: `per_page` of 1 to 100, 30 by default, and `page` from 1. */
export function pageOf(call: Call, repository: Repository, all: readonly unknown[]): Page {
  const size = number(call, 'per_page', 30, 100);
  const page = number(call, 'page', 1, Number.MAX_SAFE_INTEGER);
  const last = Math.max(1, Math.ceil(all.length / size));
  const items = all.slice((page - 1) * size, page * size);
  const relations: readonly (readonly [string, number])[] = [
    ...(page > 1 ? [['prev', page - 1] as const] : []),
    ...(page < last ? [['next', page + 1] as const, ['last', last] as const] : []),
    ...(page > 1 ? [['first', 1] as const] : []),
  ];
  if (last === 1) return { items, headers: {} };
  const link = relations.map(([rel, n]) => `<${pageUrl(call, repository, n)}>; rel="${rel}"`);
  return { items, headers: { link: link.join(', ') } };
}

export function listReply(call: Call, repository: Repository, all: readonly unknown[]): Reply {
  const { items, headers } = pageOf(call, repository, all);
  return { status: 200, body: items, headers };
}

/** Links name the repository by its number, which outlives a new name. */
function pageUrl(call: Call, repository: Repository, page: number): string {
  const rest = call.pathname.split('/').slice(4).join('/');
  const query = new URLSearchParams(call.query);
  query.delete('page');
  query.append('page', String(page));
  return `${call.world.api}/repositories/${repository.id}/${rest}?${query.toString()}`;
}

function number(call: Call, name: string, fallback: number, maximum: number): number {
  const value = Number.parseInt(call.query.get(name) ?? '', 10);
  return Number.isNaN(value) || value < 1 ? fallback : Math.min(value, maximum);
}
