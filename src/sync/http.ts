import type { GitHttpRequest, GitHttpResponse, HttpClient } from 'isomorphic-git';
import type { Credentials } from './location.ts';
import { Redirected } from './redirect.ts';

export interface HttpOptions {
  readonly credentials: Credentials | null;
  readonly maxBytes: number;
  /** Thrown when a response is larger. */
  readonly tooLarge: () => Error;
  /** Sees each response's body. */
  readonly received?: (body: Buffer) => void;
  readonly signal: AbortSignal;
}

/**
 * HTTP for isomorphic-git and for asking where a redirect leads. A response is read whole before it is handed on, so
 * that a torn connection or a response that is too large is an error of the request, not of a stream somewhere inside.
 */
export function createHttp(options: HttpOptions): HttpClient {
  return { request: (request) => send(options, request) };
}

/**
 * Asks for the refs of a repository. False when what answers does not speak Git, such as a proxy's login page.
 * @throws Redirected when that is the answer.
 */
export async function speaksGit(url: string, options: HttpOptions): Promise<boolean> {
  const service = 'git-upload-pack';
  const response = await send(options, { url: `${url}/info/refs?service=${service}` });
  return response.headers?.['content-type'] === `application/x-${service}-advertisement`;
}

async function send(options: HttpOptions, request: GitHttpRequest): Promise<GitHttpResponse> {
  const body = request.body === undefined ? null : await join(request.body, Infinity);
  const response = await fetch(request.url, {
    method: request.method ?? 'GET',
    headers: { ...request.headers, ...authorization(options.credentials) },
    body,
    redirect: 'manual',
    signal: options.signal,
  });
  const location = response.headers.get('location');
  if (response.status >= 300 && response.status < 400 && location !== null) {
    await response.body?.cancel();
    throw new Redirected(location);
  }
  const bytes = await join(response.body ?? [], options.maxBytes, options.tooLarge);
  options.received?.(bytes);
  return {
    url: request.url,
    method: request.method ?? 'GET',
    headers: Object.fromEntries(response.headers),
    body: once(bytes),
    statusCode: response.status,
    statusMessage: response.statusText,
  };
}

function authorization(credentials: Credentials | null): Record<string, string> {
  if (credentials === null) return {};
  const pair = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
  return { authorization: `Basic ${pair}` };
}

async function join(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number,
  tooLarge?: () => Error,
): Promise<Buffer<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > maxBytes && tooLarge !== undefined) throw tooLarge();
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
