import type { ErrorObject } from 'ajv';
import type { Operation } from './openapi.ts';

export interface ValidationError {
  readonly resource: string;
  readonly code: 'custom' | 'invalid' | 'missing_field' | 'already_exists' | 'unprocessable';
  readonly field?: string;
  readonly message?: string;
}

/** An answer other than success, thrown by whoever finds the reason. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  /** Since mid 2024 GitHub repeats the status, as text, at the end of every error body. */
  constructor(
    status: number,
    body: { readonly message: string } & Readonly<Record<string, unknown>>,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(body.message);
    this.status = status;
    this.body = status < 400 ? body : { ...body, status: String(status) };
    this.headers = headers;
  }
}

const DOCS = 'https://docs.github.com/rest';

export function badCredentials(message = 'Bad credentials'): Refusal {
  return new Refusal(401, { message, documentation_url: DOCS });
}

export function notFound(documentation = DOCS): Refusal {
  return new Refusal(404, { message: 'Not Found', documentation_url: documentation });
}

export function forbidden(operation: Operation, message: string): Refusal {
  return new Refusal(403, { message, documentation_url: operation.documentation });
}

/** 422 in its older form: a list of errors, each of a resource and mostly of a field. */
export function validationFailed(
  operation: Operation,
  errors: readonly ValidationError[],
): Refusal {
  const body = { message: 'Validation Failed', errors, documentation_url: operation.documentation };
  return new Refusal(422, body);
}

/** 422 of one sentence. */
export function unprocessable(operation: Operation, message: string): Refusal {
  return new Refusal(422, { message, documentation_url: operation.documentation });
}

/** 422 in its newer form: GitHub's own schema check speaking of the first thing that it found. */
export function invalidRequest(operation: Operation, faults: readonly ErrorObject[]): Refusal {
  return unprocessable(operation, `Invalid request.\n\n${faults.map(sentence).join('\n')}`);
}

export function movedPermanently(url: string): Refusal {
  const documentation = 'https://docs.github.com/v3/#http-redirects';
  const body = { message: 'Moved Permanently', url, documentation_url: documentation };
  return new Refusal(301, body, { location: url });
}

/** A write to a renamed repository: the method must be kept, so 307 instead of 301. */
export function movedTemporarily(url: string): Refusal {
  const documentation = 'https://docs.github.com/v3/#http-redirects';
  const body = { message: 'Temporary Redirect', url, documentation_url: documentation };
  return new Refusal(307, body, { location: url });
}

function sentence(fault: ErrorObject): string {
  if (fault.keyword === 'required')
    return `"${String(fault.params['missingProperty'])}" wasn't supplied.`;
  const where = `For 'properties${fault.instancePath}'`;
  return `${where}, ${fault.message ?? `it is not ${fault.keyword}`}.`;
}
