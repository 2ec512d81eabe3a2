import { errorMessage, GridError } from '../model/error.ts';
import { boundedFetch } from './bounded-fetch.ts';
import { RateLimited } from './forge.ts';

export interface RestOptions {
  /** For people: `GitLab`. */
  readonly forge: string;
  /** Everything below it is the API. */
  readonly baseUrl: string;
  readonly authorization: string;
  readonly userAgent: string;
  readonly fetch?: typeof globalThis.fetch;
}

export interface RestRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** With its parts escaped. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | null>>;
  readonly body?: unknown;
  readonly etag?: string | null;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Of JSON, whatever it is; `null` when there is none. */
  readonly body: unknown;
}

/** JSON over HTTP. Every request is sent once. Faults begin with `what`. */
export interface RestClient {
  send(what: string, request: RestRequest): Promise<RestAnswer>;
}

/** The forge has understood, and will not do it, however often it is asked. */
export class RestRefusal extends GridError {
  readonly status: number;

  constructor(of: { readonly status: number; readonly message: string; readonly hint?: string }) {
    const { message, hint } = of;
    super({ code: 'forge-refused', message, ...(hint === undefined ? {} : { hint }) });
    this.status = of.status;
  }
}

/** For limits that come without a time. */
const DEFAULT_WAIT = 60;
/** Seconds. */
const MAX_WAIT = 2 * 60 * 60;
/** A reset before that (September 2001) is no time but seconds that are left: Bitbucket counts down. */
const EARLIEST_TIME = 1_000_000_000;

export function createRestClient(options: RestOptions): RestClient {
  const fetch = boundedFetch(options.fetch ?? globalThis.fetch);
  const base = options.baseUrl.replace(/\/+$/, '');
  return {
    send: async (what, request) => {
      const answer = await exchange(fetch, base, { what, options, request });
      if (answer.status < 300 || answer.status === 304) return answer;
      throw faultOf(what, options.forge, answer);
    },
  };
}

interface Sending {
  readonly what: string;
  readonly options: RestOptions;
  readonly request: RestRequest;
}

async function exchange(
  fetch: typeof globalThis.fetch,
  base: string,
  { what, options, request }: Sending,
): Promise<RestAnswer> {
  const { method = 'GET', path, query = {}, body, etag = null } = request;
  const url = new URL(base + path);
  for (const [name, value] of Object.entries(query))
    if (value !== null) url.searchParams.set(name, String(value));
  try {
    const response = await fetch(url, {
      method,
      // A redirect would take the credentials along, or turn a write into a question.
      redirect: 'manual',
      headers: {
        accept: 'application/json',
        authorization: options.authorization,
        'user-agent': options.userAgent,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(etag === null ? {} : { 'if-none-match': etag }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) };
  } catch (error) {
    throw unreachable(what, options.forge, errorMessage(error));
  }
}

function faultOf(what: string, forge: string, answer: RestAnswer): GridError {
  const { status } = answer;
  const wait = rateLimitOf(answer);
  if (wait !== null)
    return new RateLimited(`${forge} limits requests, next one in ${wait} s (${what})`, wait);
  if (status >= 500 || status === 408) return unreachable(what, forge, `status ${status}`);
  const hint = hintFor(status);
  const message = `${what}: ${forge} answered ${status}: ${said(answer.body)}`;
  return new RestRefusal({ status, message, ...(hint === null ? {} : { hint }) });
}

function unreachable(what: string, forge: string, detail: string): GridError {
  return new GridError({
    code: 'forge-unreachable',
    message: `${what}: ${forge} does not answer: ${firstLine(detail)}`,
    retry: 'later',
  });
}

/** Seconds to wait, or `null` when this is no rate limit. By the forge's clock on both sides, so that ours does not matter. */
function rateLimitOf({ status, headers }: RestAnswer): number | null {
  const isEmpty = status === 403 && headers.get('ratelimit-remaining') === '0';
  if (status !== 429 && !isEmpty) return null;
  const after = seconds(headers.get('retry-after'));
  if (after !== null) return bounded(after);
  const reset = seconds(headers.get('ratelimit-reset') ?? headers.get('x-ratelimit-reset'));
  if (reset !== null && reset < EARLIEST_TIME) return bounded(reset);
  const now = Date.parse(headers.get('date') ?? '');
  if (reset === null || Number.isNaN(now)) return DEFAULT_WAIT;
  return bounded(reset - now / 1_000 + 1);
}

function bounded(wait: number): number {
  return Math.min(MAX_WAIT, Math.max(1, Math.ceil(wait)));
}

function seconds(value: string | null): number | null {
  return value !== null && /^\d{1,12}$/.test(value) ? Number(value) : null;
}

function hintFor(status: number): string | null {
  if (status === 401) return 'Renew the token that the master signs in with.';
  if (status === 403 || status === 404)
    return "Check the repository's name, and what the token may do (docs/forges.md).";
  if (status >= 300 && status < 400)
    return "Check the API's address and the repository's name: it may have moved.";
  return null;
}

/** Each forge has its own shape for what is wrong. Bounded and on one line: it ends up in logs and events. */
function said(body: unknown): string {
  if (typeof body === 'string') return firstLine(body);
  if (typeof body !== 'object' || body === null) return 'without a reason';
  const { message, error, errors } = body as Readonly<Record<string, unknown>>;
  const inner = (error as { readonly message?: unknown } | undefined)?.message;
  const told = message ?? inner ?? error ?? errors ?? body;
  return firstLine(typeof told === 'string' ? told : JSON.stringify(told));
}

function firstLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 300);
}

function parsed(text: string): unknown {
  try {
    return text === '' ? null : (JSON.parse(text) as unknown);
  } catch {
    return text.slice(0, 1_000);
  }
}
