import {
  checkTransport,
  header,
  type Ignored,
  type Ping,
  type PushHint,
  parseBody,
  type Received,
  type Refused,
  type RepositoryHint,
  refused,
  type WebhookRequest,
} from './receive.ts';
import { isSigned } from './signature.ts';

/** Forges whose deliveries also carry GitHub's headers, by the header that gives them away. */
const lookalikes = [
  ['x-forgejo-event', 'Forgejo'],
  ['x-gitea-event', 'Gitea'],
  ['x-gogs-event', 'Gogs'],
  ['x-gitlab-event', 'GitLab'],
] as const;

const limits = {
  /** A GUID; hand-made deliveries in tests and proxies may be longer. */
  deliveryId: /^[\w.:-]{1,128}$/,
  event: /^[a-z0-9_]{1,64}$/,
  fullName: /^[\w.-]{1,100}\/[\w.-]{1,100}$/,
  ref: /^refs\/[^\p{Cc}\s]{1,1024}$/u,
  objectId: /^([0-9a-f]{40}|[0-9a-f]{64})$/,
} as const;
const MAX_URL = 2_048;

/**
 * Judges one request to the GitHub webhook address. Does nothing but compute: the caller remembers the delivery and wakes
 * whoever looks at the repository. Never throws, whatever was sent. Signature first, content after.
 */
export function receiveGithub(request: WebhookRequest): Received {
  const unfit = checkTransport(request);
  if (unfit !== null) return unfit;
  const stranger = detectLookalike(request);
  if (stranger !== null) return stranger;
  const unsigned = checkSignature(request);
  if (unsigned !== null) return unsigned;

  const deliveryId = header(request.headers, 'x-github-delivery');
  const event = header(request.headers, 'x-github-event');
  if (deliveryId === null || !limits.deliveryId.test(deliveryId))
    return refused(400, 'the header X-GitHub-Delivery is missing or malformed');
  if (event === null || !limits.event.test(event))
    return refused(400, 'the header X-GitHub-Event is missing or malformed');
  return receiveEvent({ deliveryId, event, payload: parseBody(request.rawBody) });
}

function detectLookalike({ headers }: WebhookRequest): Ignored | null {
  const found = lookalikes.find(([name]) => header(headers, name) !== null);
  if (found === undefined) return null;
  const reason = `this is the address for GitHub, and the delivery is from ${found[1]}`;
  return { kind: 'ignored', deliveryId: null, event: null, reason };
}

function checkSignature({ headers, rawBody, secrets }: WebhookRequest): Refused | null {
  if (!secrets.some((secret) => secret !== ''))
    return refused(401, 'no webhook secret is configured, so no webhook is accepted');
  const signature = header(headers, 'x-hub-signature-256');
  if (signature === null && header(headers, 'x-hub-signature') !== null)
    return refused(401, 'a SHA-1 signature is not enough: X-Hub-Signature-256 is needed');
  if (signature === null)
    return refused(401, 'the webhook is not signed: set its secret, the same on both sides');
  if (!isSigned(rawBody, signature, secrets))
    return refused(401, 'the signature does not fit: is the secret the same on both sides?');
  return null;
}

interface GithubEvent {
  readonly deliveryId: string;
  readonly event: string;
  readonly payload: unknown;
}

function receiveEvent(event: GithubEvent): Received {
  if (!isObject(event.payload)) return refused(400, 'the body is not a JSON object');
  if (event.event === 'push') return receivePush(event.deliveryId, event.payload);
  if (event.event === 'ping') return receivePing(event.deliveryId, event.payload);
  return {
    kind: 'ignored',
    deliveryId: event.deliveryId,
    event: event.event,
    reason: `nothing happens on '${event.event}' events`,
  };
}

/** Commits and changed files are not even read: renames, merges and force pushes make them wrong. */
function receivePush(deliveryId: string, payload: object): PushHint | Refused {
  const repository = readRepository(payload);
  const ref = field(payload, 'ref');
  const after = field(payload, 'after');
  if (repository === null) return refused(400, 'the push does not say of which repository');
  if (typeof ref !== 'string' || !limits.ref.test(ref))
    return refused(400, 'the push does not say of which ref');
  if (typeof after !== 'string' || !limits.objectId.test(after))
    return refused(400, 'the push does not say what the ref points at');
  return { kind: 'push', deliveryId, repository, ref, after };
}

function receivePing(deliveryId: string, payload: object): Ping {
  return { kind: 'ping', deliveryId, repository: readRepository(payload) };
}

function readRepository(payload: object): RepositoryHint | null {
  const repository = field(payload, 'repository');
  if (!isObject(repository)) return null;
  const id = field(repository, 'id');
  const fullName = field(repository, 'full_name');
  const cloneUrl = field(repository, 'clone_url');
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) return null;
  if (typeof fullName !== 'string' || !limits.fullName.test(fullName)) return null;
  if (typeof cloneUrl !== 'string' || !isWebUrl(cloneUrl)) return null;
  return { id: String(id), fullName, cloneUrl };
}

function isWebUrl(text: string): boolean {
  if (text.length > MAX_URL || !URL.canParse(text)) return false;
  return /^https?:$/.test(new URL(text).protocol);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Own properties only: `__proto__` and its kin in a payload are just names. */
function field(of: object, name: string): unknown {
  return Object.hasOwn(of, name) ? (of as Readonly<Record<string, unknown>>)[name] : undefined;
}
