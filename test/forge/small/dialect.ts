import type { IncomingHttpHeaders } from 'node:http';
import type { Person, SmallEvent, SmallRepository, SmallWorld } from './state.ts';

/** What makes one code host of the others: its API and its webhooks. */
export interface Dialect {
  /** Path of the API below the host's address. */
  readonly apiPath: string;
  readonly routes: readonly Route[];
  /** How a token is written in `Authorization`. */
  readonly scheme: 'Bearer' | 'token';
  readonly error: (status: number, message: string) => unknown;
  /** The answer to whoever asks too much. */
  readonly limited: (seconds: number) => SmallReply;
  /** What makes a ref of a pull request; `null`: there is none. */
  readonly refOf: (number: number) => string | null;
  /** Whether a pull request is closed when its branch is deleted. */
  readonly closesWithBranch: boolean;
  readonly hasEtags: boolean;
  readonly webhook: (
    world: SmallWorld,
    repository: SmallRepository,
    event: SmallEvent,
  ) => { readonly headers: Readonly<Record<string, string>>; readonly body: unknown };
  /** What says that it is not the first attempt; ids stay the same. */
  readonly repeated: (attempt: number) => Readonly<Record<string, string>>;
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
  /** A string is sent as it is. */
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

export function ok(body: unknown): SmallReply {
  return { status: 200, body };
}

export function created(body: unknown): SmallReply {
  return { status: 201, body };
}

export function missing(message: string): SmallRefusal {
  return new SmallRefusal(404, message);
}
