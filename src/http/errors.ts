import type { FastifyError } from 'fastify';
import { type ErrorCode, GridError } from '../model/error.ts';
import type { ApiError } from '../protocol/api.ts';

export interface Answer {
  readonly status: number;
  readonly body: ApiError;
}

const statusOf: Partial<Record<ErrorCode, number>> = {
  'not-authenticated': 401,
  'not-authorised': 403,
  'not-found': 404,
  'invalid-request': 400,
  'branch-missing': 409,
  'repository-unreachable': 503,
  'repository-refused': 503,
  'repository-damaged': 503,
  'repository-too-large': 503,
  'forge-unreachable': 503,
  'forge-refused': 503,
};

const codeOf: Readonly<Record<number, string>> = {
  404: 'not-found',
  413: 'payload-too-large',
  415: 'unsupported-media-type',
};

/**
 * What a request is answered when handling it threw. Only a `GridError`'s own words and those of the HTTP layer reach the
 * other side; anything else is `internal` without its message, which may say too much.
 */
export function answerFor(error: unknown): Answer {
  if (error instanceof GridError && error.code !== 'internal')
    return answer(statusOf[error.code] ?? 500, error.code, error.message, error.hint);
  const { statusCode, message } = error as Partial<FastifyError>;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return answer(statusCode, codeOf[statusCode] ?? 'invalid-request', message ?? 'bad request');
  return answer(500, 'internal', 'the master failed at this request', "The master's log says why.");
}

export function answer(status: number, code: string, message: string, hint?: string): Answer {
  return { status, body: { error: { code, message, ...(hint === undefined ? {} : { hint }) } } };
}

export const notFound: Answer = answer(404, 'not-found', 'there is nothing at this address');

export const notAuthenticated: Answer = answer(
  401,
  'not-authenticated',
  'this needs the API token',
  'Send it as `Authorization: Bearer <token>`; the master keeps it in the file `api-token` of its data directory.',
);

export const tooManyReaders: Answer = answer(
  503,
  'too-many-readers',
  'the event stream has too many readers',
  'Try again in a moment.',
);
