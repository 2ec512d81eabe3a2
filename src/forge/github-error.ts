import { RequestError } from 'octokit';
import { errorMessage, GridError } from '../model/error.ts';
import { RateLimited } from './forge.ts';

/** GitHub's own advice for limits that come without a time: wait at least a minute. */
const DEFAULT_WAIT = 60;
/** Seconds; primary limits are counted by the hour. */
const MAX_WAIT = 2 * 60 * 60;

/**
 * Whatever octokit threw, as ours: `forge-unreachable` heals by itself (no answer, 5xx, rate limits), `forge-refused` waits
 * for a person. The cause is left out on purpose: it holds the request.
 */
export function githubError(what: string, error: unknown): GridError {
  if (error instanceof GridError) return error;
  if (!(error instanceof RequestError)) return unreachable(what, errorMessage(error));
  if (error.response === undefined) return unreachable(what, error.message);

  const { status } = error;
  const wait = rateLimitOf(error);
  if (wait !== null)
    return new RateLimited(`GitHub limits requests, next one in ${wait} s (${what})`, wait);
  if (status >= 500 || status === 408) return unreachable(what, `status ${status}`);
  const hint = hintFor(status, error.message);
  return new GridError({
    code: 'forge-refused',
    message: `${what}: GitHub answered ${status}: ${firstLine(error.message)}`,
    ...(hint === null ? {} : { hint }),
  });
}

function unreachable(what: string, detail: string): GridError {
  return new GridError({
    code: 'forge-unreachable',
    message: `${what}: GitHub does not answer: ${firstLine(detail)}`,
    retry: 'later',
  });
}

/** Seconds to wait, or `null` when this is no rate limit. A plain 403 (no permission) must not pass for one. */
function rateLimitOf(error: RequestError): number | null {
  if (error.status !== 403 && error.status !== 429) return null;
  const headers = error.response?.headers ?? {};
  const retryAfter = toSeconds(headers['retry-after']);
  if (retryAfter !== null) return bounded(retryAfter);
  if (String(headers['x-ratelimit-remaining']) === '0') return bounded(untilReset(headers));
  const limited = error.status === 429 || /rate limit|abuse/i.test(error.message);
  return limited ? DEFAULT_WAIT : null;
}

/** By GitHub's clock on both sides, so that ours does not matter. */
function untilReset(headers: Readonly<Record<string, unknown>>): number {
  const reset = toSeconds(headers['x-ratelimit-reset']);
  const now = Date.parse(String(headers['date']));
  return reset === null || Number.isNaN(now) ? DEFAULT_WAIT : reset - now / 1_000 + 1;
}

function bounded(seconds: number): number {
  return Math.min(MAX_WAIT, Math.max(1, Math.ceil(seconds)));
}

function toSeconds(value: unknown): number | null {
  return /^\d{1,12}$/.test(String(value)) ? Number(value) : null;
}

function hintFor(status: number, message: string): string | null {
  if (status === 401) return 'Renew the token or the app key that the master signs in with.';
  if (status === 403 || status === 404)
    return "Check the repository's name, and that the credentials may write its commit statuses.";
  if (/No commit found/i.test(message))
    return 'The commit is no longer in the repository (force push?): nothing is left to report on.';
  return null;
}

/** Bounded and on one line: it ends up in logs and events. */
function firstLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 300);
}
