import { Errors } from 'isomorphic-git';
import { errorMessage, GridError } from '../model/error.ts';
import { damaged, refused, unreachable } from './faults.ts';
import type { Redactor } from './redactor.ts';
import { Redirected } from './redirect.ts';

export interface FaultContext {
  readonly where: string;
  readonly redactor: Redactor;
}

/** What an error of isomorphic-git, of `fetch` or of the file system means for the repository. */
export function isomorphicFault(error: unknown, context: FaultContext): Error {
  if (error instanceof GridError || error instanceof Redirected) return error;
  const { where, redactor } = context;
  if (error instanceof Errors.HttpError) return httpFault(where, error.data.statusCode);
  const said = redactor.clean(deepestMessage(error)).replace(/\.$/, '');
  if (isLocal(error)) return diskFault(where, said);
  if (error instanceof Errors.NotFoundError || error instanceof Errors.InternalError) {
    return damaged(where, said);
  }
  if (error instanceof Errors.SmartHttpError || error instanceof Errors.ParseError) {
    return unreachable(where, 'what answers there does not speak Git');
  }
  return unreachable(where, said);
}

function httpFault(where: string, status: number): GridError {
  if (status === 401)
    return refused(where, 'it asks for credentials, or these are not valid (401)');
  if (status === 403) return refused(where, 'these credentials may not read it (403)');
  if (status === 404) {
    return refused(
      where,
      'there is no such repository, or these credentials may not read it (404)',
    );
  }
  return unreachable(where, `the server answered with HTTP status ${status}`);
}

function diskFault(where: string, said: string): GridError {
  return new GridError({
    code: 'internal',
    message: `Cannot keep a mirror of ${where}: ${said}.`,
    hint: 'Make room in the data directory and see that the master may write there.',
    retry: 'later',
  });
}

function isLocal(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE'].includes(code);
}

/** `fetch failed` says nothing; its cause does. */
function deepestMessage(error: unknown): string {
  if (!(error instanceof Error) || error.cause === undefined) return errorMessage(error);
  const cause = error.cause;
  if (cause instanceof AggregateError) return errorMessage(cause.errors[0]);
  return deepestMessage(cause);
}
