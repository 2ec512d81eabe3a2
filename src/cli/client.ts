import { type ErrorCode, errorMessage, GridError } from '../model/error.ts';
import { ApiError, type Decoded, decodeReply, type Schema } from '../protocol/api.ts';
import type { Io } from './io.ts';
import { readMessages, type StreamMessage } from './message-stream.ts';

export interface Client {
  readonly url: string;
  get<T extends Schema>(schema: T, path: string): Promise<Decoded<T>>;
  post<T extends Schema>(schema: T, path: string, body?: object): Promise<Decoded<T>>;
  put<T extends Schema>(schema: T, path: string, body: object): Promise<Decoded<T>>;
  delete(path: string): Promise<void>;
  /** Server-sent events until the connection ends; `lastEventId` asks for what was missed. */
  stream(path: string, lastEventId: string | null): Promise<AsyncIterable<StreamMessage>>;
}

export interface ClientOptions {
  readonly url: string;
  readonly token: string | null;
  readonly io: Io;
}

const PATIENCE_MS = 30_000;

/**
 * Asks a master. Throws `GridError`: `master-unreachable` with what to check, `not-authenticated`, the master's own refusals,
 * and `protocol-violation` when something else answers at its address.
 */
export function createClient(options: ClientOptions): Client {
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const { stop } = options.io;
    const response = await send(options, path, {
      method,
      signal: AbortSignal.any([stop, AbortSignal.timeout(PATIENCE_MS)]),
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return await readReply(response, options);
  };
  return {
    url: options.url,
    get: async (schema, path) => decodeReply(schema, await ask('GET', path)),
    post: async (schema, path, body) => decodeReply(schema, await ask('POST', path, body)),
    put: async (schema, path, body) => decodeReply(schema, await ask('PUT', path, body)),
    delete: async (path) => void (await ask('DELETE', path)),
    stream: async (path, lastEventId) => {
      const headers: Record<string, string> =
        lastEventId === null ? {} : { 'last-event-id': lastEventId };
      const response = await send(options, path, { headers, signal: options.io.stop });
      if (!response.ok || response.body === null) await readReply(response, options);
      return readMessages(response.body ?? new ReadableStream());
    },
  };
}

async function send(options: ClientOptions, path: string, init: RequestInit): Promise<Response> {
  const headers = {
    accept: 'application/json, text/event-stream',
    ...(options.token === null ? {} : { authorization: `Bearer ${options.token}` }),
    ...(init.headers as Record<string, string>),
  };
  try {
    return await options.io.fetch(`${options.url}/api/v1${path}`, { ...init, headers });
  } catch (error) {
    throw unreachable(options.url, error);
  }
}

async function readReply(response: Response, options: ClientOptions): Promise<unknown> {
  if (response.status === 204) return null;
  const text = await readText(response, options.url);
  const value = parseJson(text);
  if (response.ok && value !== undefined) return value;
  if (response.status === 401) throw notAuthenticated(options);
  throw refused(response, value, options.url);
}

async function readText(response: Response, url: string): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw unreachable(url, error);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'Nothing listens there. Start it with `gridops master`, or give the right address: --master or GRIDOPS_URL.',
  ENOTFOUND: 'The name is not known. Check the address: --master or GRIDOPS_URL.',
  EAI_AGAIN: 'The name cannot be looked up. Check the network and DNS.',
  ECONNRESET:
    'The connection was cut. Check that the address is http or https as the master is served, and try again.',
};

function unreachable(url: string, error: unknown): GridError {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  const timedOut = (error as { name?: string }).name === 'TimeoutError';
  const reason = timedOut ? 'no answer within 30 seconds' : (cause?.message ?? errorMessage(error));
  return new GridError({
    code: 'master-unreachable',
    message: `cannot reach the master at ${url}: ${reason === '' ? (cause?.code ?? 'failed') : reason}`,
    retry: 'later',
    hint:
      hints[cause?.code ?? ''] ??
      'Check that the master runs and that this machine can reach it; `gridops doctor` tells more.',
    cause: error,
  });
}

function notAuthenticated({ url, token }: ClientOptions): GridError {
  return new GridError({
    code: 'not-authenticated',
    message:
      token === null
        ? `the master at ${url} wants its API token`
        : `the master at ${url} refuses the API token`,
    hint:
      'The master keeps it in the file `api-token` of its data directory. ' +
      'Give it as GRIDOPS_API_TOKEN, GRIDOPS_API_TOKEN_FILE or --token-file.',
  });
}

const codes: Readonly<Record<number, ErrorCode>> = {
  403: 'not-authorised',
  404: 'not-found',
  500: 'internal',
  502: 'master-unreachable',
  503: 'master-unreachable',
  504: 'master-unreachable',
};

function refused(response: Response, value: unknown, url: string): GridError {
  const code = codes[response.status] ?? 'invalid-request';
  const retry = code === 'master-unreachable' ? 'later' : 'never';
  try {
    const { error } = decodeReply(ApiError, value);
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    return new GridError({ code, message: error.message, retry, ...hint });
  } catch {
    return new GridError({
      code: response.ok ? 'protocol-violation' : code,
      message: `${url} answered ${response.status} with something that is not from a master`,
      retry,
      hint: 'Check the address: --master or GRIDOPS_URL. A proxy before the master may have answered.',
    });
  }
}
