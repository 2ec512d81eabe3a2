import type { IncomingHttpHeaders } from 'node:http';
import type { Person, SmallEvent, SmallRepository, SmallWorld } from './state.ts';

/** What makes one code host of the others: its API and its webhooks. */
export interface Dialect {
  /** Path of the API below the host's address. */
  readonly apiPath: string;
  readonly routes: readonly Route[];
  /** Who is behind an `Authorization` header; `null`: nobody. */
  readonly personOf: (world: SmallWorld, authorization: string) => Person | null;
  readonly error: (status: number, message: string) => unknown;
  readonly limitHeaders: (seconds: number) => Readonly<Record<string, string>>;
  /** What makes a ref of a pull request; `null`: there is none. */
  readonly refOf: (number: number) => string | null;
  readonly hasEtags: boolean;
  readonly webhook: (
    world: SmallWorld,
    repository: SmallRepository,
    event: SmallEvent,
  ) => { readonly headers: Readonly<Record<string, string>>; readonly body: unknown };
  readonly signature: (body: string, secret: string) => Readonly<Record<string, string>>;
}

export interface Route {
  /** For disturbances, and to be read in failures. */
  readonly id: string;
  readonly method: string;
  /** `:name` for one segment. */
  readonly path: string;
  /** Query parameters that the host knows. */
  readonly query?: readonly string[];
  /** JSON Schema of the body; what it does not know is a mistake of the client. */
  readonly body?: object;
  readonly level: 'read' | 'write' | 'admin' | null;
  readonly handle: (call: SmallCall) => SmallReply | Promise<SmallReply>;
}

export interface SmallCall {
  readonly world: SmallWorld;
  readonly person: Person;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingHttpHeaders;
  /** Of routes with one. */
  readonly repository: SmallRepository;
  /** Tells the hooks. */
  readonly tell: (repository: SmallRepository, event: SmallEvent) => void;
}

export interface SmallReply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by handlers. */
export class SmallRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** One page; `pages` says how many there are. */
export function pageOf<T>(
  call: SmallCall,
  all: readonly T[],
  of: { readonly size: string; readonly most: number; readonly usual: number },
): { readonly items: readonly T[]; readonly page: number; readonly pages: number } {
  const size = Math.min(of.most, Number(call.query.get(of.size) ?? of.usual) || of.usual);
  const page = Number(call.query.get('page') ?? 1) || 1;
  const pages = Math.max(1, Math.ceil(all.length / size));
  return { items: all.slice((page - 1) * size, page * size), page, pages };
}

export function linkHeader(
  call: SmallCall,
  { page, pages }: { readonly page: number; readonly pages: number },
): Readonly<Record<string, string>> {
  if (page >= pages) return {};
  return { link: `<${call.world.api}/?page=${page + 1}>; rel="next"` };
}
