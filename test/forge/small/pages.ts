import { ok, type SmallCall, type SmallReply } from './dialect.ts';

export interface PageOptions {
  /** The parameter that says how many there are on a page. */
  readonly size: string;
  readonly most: number;
  readonly usual: number;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly page: number;
  /** How many there are. */
  readonly pages: number;
}

export function pageOf<T>(call: SmallCall, all: readonly T[], of: PageOptions): Page<T> {
  const size = Math.min(of.most, Number(call.query.get(of.size) ?? of.usual) || of.usual);
  const page = Number(call.query.get('page') ?? 1) || 1;
  const pages = Math.max(1, Math.ceil(all.length / size));
  return { items: all.slice((page - 1) * size, page * size), page, pages };
}

/** A list whose next page is told in the header `Link`. */
export function linked(call: SmallCall, all: readonly unknown[], of: PageOptions): SmallReply {
  const { items, page, pages } = pageOf(call, all, of);
  if (page >= pages) return ok(items);
  const link = `<${call.world.api}/?page=${page + 1}>; rel="next"`;
  return { ...ok(items), headers: { link } };
}
