/** One HTTP request as it came in. `rawBody` is exactly what was sent: signatures cover bytes, not what was parsed from them. */
export interface WebhookRequest {
  readonly method?: string;
  /** Lower-case names, as node:http gives them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly rawBody: Uint8Array;
  /** All that are accepted: two during a rotation. None: everything is refused. */
  readonly secrets: readonly string[];
  /** Milliseconds since the epoch, for signatures that are good for some minutes only; they fit never without it. */
  readonly now?: number;
}

/**
 * What a request turned out to be. A hint names something to look at; what is true is asked of Git and of the forge.
 * Nothing in here may be called back, or shown without escaping.
 */
export type Received = Hint | Ping | Ignored | Refused;

export type Hint = PushHint | PullRequestHint | CommentHint | MergeGroupHint | CheckHint;

interface AnyHint {
  readonly deliveryId: string;
  readonly repository: RepositoryHint;
}

export interface PushHint extends AnyHint, MovedRef {
  readonly kind: 'push';
  /** Further ones of the same push, where the forge tells of all at once. */
  readonly more?: readonly MovedRef[];
}

export interface MovedRef {
  /** Full name, `refs/heads/main`. */
  readonly ref: string;
  /** Object id; all zeros when the ref was deleted. */
  readonly after: string;
}

/** Anything about it may have changed: its commits, its base, whether it is a draft, whether it is open. */
export interface PullRequestHint extends AnyHint {
  readonly kind: 'pull-request';
  readonly number: number;
}

/** A new comment on a pull request. Those that were edited or removed, and those on mere issues, are none. */
export interface CommentHint extends AnyHint {
  readonly kind: 'comment';
  readonly number: number;
  readonly commentId: string;
  /** As the forge is asked for their permissions by. */
  readonly author: string;
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The merge queue waits for what we say of this commit. */
export interface MergeGroupHint extends AnyHint {
  readonly kind: 'merge-group';
  readonly sha: string;
  readonly ref: string;
  /** The branch that it is to become. */
  readonly base: string;
}

/** Somebody has pressed the button that asks for a check again, or the one that asks for all of them. */
export interface CheckHint extends AnyHint {
  readonly kind: 'check-rerequested';
  readonly sha: string;
  /** `null`: all of them. */
  readonly name: string | null;
  /** As the forge is asked for their permissions by; `null`: it is not told. */
  readonly author: string | null;
}

export interface RepositoryHint {
  /** Stays when the repository is renamed. */
  readonly id: string;
  /** `owner/name`. */
  readonly fullName: string;
  readonly cloneUrl: string;
}

export interface Ping {
  readonly kind: 'ping';
  readonly deliveryId: string;
  /** `null` when the webhook is not a repository's own. */
  readonly repository: RepositoryHint | null;
}

/** To be answered 202: nothing is wrong with it, there is nothing to do. */
export interface Ignored {
  readonly kind: 'ignored';
  readonly deliveryId: string | null;
  readonly event: string | null;
  readonly reason: string;
}

/** To be answered with `status` and `message`, which never quotes the request. */
export interface Refused {
  readonly kind: 'refused';
  readonly status: 400 | 401 | 405 | 413 | 415;
  readonly message: string;
}

/** Far above any push without its commits; a forge that sends more is told so. */
export const MAX_WEBHOOK_BYTES = 3 * 1024 * 1024;

/** Real payloads nest about eight deep. */
const MAX_DEPTH = 64;

export function refused(status: Refused['status'], message: string): Refused {
  return { kind: 'refused', status, message };
}

/** What everybody is told while there is nothing to check a signature with. */
export const noSecret = refused(401, 'no webhook secret is configured, so no webhook is accepted');

/** What can be said before the forge is known; `null` when there is nothing to say. */
export function checkTransport({
  method = 'POST',
  headers,
  rawBody,
}: WebhookRequest): Refused | null {
  if (method !== 'POST') return refused(405, 'a webhook is sent with POST');
  if (rawBody.byteLength > MAX_WEBHOOK_BYTES)
    return refused(413, `a webhook may have ${MAX_WEBHOOK_BYTES} bytes`);
  const encoding = header(headers, 'content-encoding') ?? 'identity';
  if (encoding !== 'identity') return refused(415, 'send the webhook without content-encoding');
  const type = header(headers, 'content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type))
    return refused(415, "set the webhook's content type to application/json");
  return null;
}

/** A header that was sent exactly once. */
export function header(headers: WebhookRequest['headers'], name: string): string | null {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The JSON value of a body, or `undefined` when it is not JSON, not UTF-8 or nested too deep. Never throws. */
export function parseBody(rawBody: Uint8Array): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(rawBody);
    return isTooDeep(text) ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

/** Counts brackets outside of strings; on text that is no JSON the answer does not matter. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inString && character === '\\') at += 1;
    else if (character === '"') inString = !inString;
    else if (inString) continue;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}
