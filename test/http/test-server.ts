import type { Webhook } from '../../src/http/operations.ts';
import { createHttpServer, type HttpServer } from '../../src/http/server.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { FakeOperations, NOW } from './fake-operations.ts';

export const TOKEN = 'a-token-that-is-long-enough-for-tests';

export interface TestServer {
  readonly url: string;
  readonly operations: FakeOperations;
  readonly http: HttpServer;
  readonly clock: { now: number };
  /** A request with the bearer token. */
  api(path: string, init?: Asking): Promise<Response>;
  /** A request with a session cookie, redirects left alone. */
  page(path: string, init?: Asking): Promise<Response>;
  /** Forgets what a test changed, so that the next one can use the same server. */
  reset(): void;
  close(): Promise<void>;
}

/** Headers as a plain record, so that more can be added. */
export type Asking = Omit<RequestInit, 'headers'> & { readonly headers?: Record<string, string> };

export interface TestServerOptions {
  readonly webhook?: Webhook;
  readonly publicUrl?: string;
}

/** The real HTTP server on a free port of this machine, with operations made of plain data. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const operations = new FakeOperations();
  const clock = { now: NOW };
  const http = await createHttpServer({
    operations,
    webhook: options.webhook ?? (async () => ({ status: 202, body: {} })),
    apiToken: TOKEN,
    publicUrl: options.publicUrl ?? null,
    version: '1.2.3',
    clock: { now: () => clock.now, sleep: async () => undefined },
    log: silentLog,
  });
  const url = await http.listen({ host: '127.0.0.1', port: 0 });
  let cookie: string | undefined;
  return {
    url,
    operations,
    http,
    clock,
    api: (path, init = {}) =>
      fetch(url + path, {
        ...init,
        headers: { authorization: `Bearer ${TOKEN}`, ...init.headers },
      }),
    page: async (path, init = {}) => {
      cookie ??= await signIn(url);
      return await fetch(url + path, {
        redirect: 'manual',
        ...init,
        headers: { cookie, ...init.headers },
      });
    },
    reset: () => {
      Object.assign(operations, new FakeOperations());
      clock.now = NOW;
    },
    close: () => http.close(),
  };
}

export async function signIn(url: string, token = TOKEN): Promise<string> {
  const response = await logIn(url, { token });
  return response.headers.get('set-cookie')?.split(';')[0] ?? '';
}

export function logIn(
  url: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${url}/login`, {
    method: 'POST',
    redirect: 'manual',
    headers,
    body: new URLSearchParams(fields),
  });
}
