/**
 * Every fault that is not a problem of the grid repository. `code` says what happened, `retry` what follows:
 * `later` faults heal by themselves and are tried again with backoff, `never` ones wait for a person.
 */
export type ErrorCode =
  | 'engine-unreachable'
  | 'engine-refused'
  | 'network-not-ready'
  | 'image-not-found'
  | 'image-pull-failed'
  | 'registry-refused'
  | 'disk-full'
  | 'name-taken'
  | 'port-taken'
  | 'container-exited'
  | 'hook-failed'
  | 'job-failed'
  | 'secret-missing'
  | 'not-ready-in-time'
  | 'stalled'
  | 'repository-unreachable'
  | 'repository-refused'
  | 'repository-damaged'
  | 'repository-too-large'
  | 'branch-missing'
  | 'unsupported-repository'
  | 'forge-refused'
  | 'forge-unreachable'
  | 'protocol-violation'
  | 'not-authenticated'
  | 'not-authorised'
  | 'not-found'
  | 'invalid-request'
  | 'invalid-configuration'
  | 'master-unreachable'
  | 'internal';

export interface GridErrorOptions {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retry?: 'later' | 'never';
  /** What to do next, as a whole sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

export class GridError extends Error {
  override readonly name = 'GridError';
  readonly code: ErrorCode;
  readonly retry: 'later' | 'never';
  readonly hint: string | undefined;

  constructor(options: GridErrorOptions) {
    super(options.message, { cause: options.cause });
    this.code = options.code;
    this.retry = options.retry ?? 'never';
    this.hint = options.hint;
  }

  toJSON(): { code: ErrorCode; message: string; retry: 'later' | 'never'; hint?: string } {
    return {
      code: this.code,
      message: this.message,
      retry: this.retry,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
    };
  }
}

/** Whatever was thrown, as one line for people. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
