import {
  branchOf,
  field,
  isObject,
  numberField,
  objectIdField,
  personField,
  refField,
  repositoryHint,
  textField,
  timeField,
} from './fields.ts';
import {
  checkTransport,
  header,
  type Ignored,
  noSecret,
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
  ['x-forgejo-event', 'Forgejo, which has /webhooks/gitea'],
  ['x-gitea-event', 'Gitea, which has /webhooks/gitea'],
  ['x-gogs-event', 'Gogs'],
  ['x-gitlab-event', 'GitLab, which has /webhooks/gitlab'],
] as const;

const limits = {
  /** A GUID; hand-made deliveries in tests and proxies may be longer. */
  deliveryId: /^[\w.:-]{1,128}$/,
  event: /^[a-z0-9_]{1,64}$/,
} as const;

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
  if (!secrets.some((secret) => secret !== '')) return noSecret;
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

function receiveEvent({ deliveryId, event, payload }: GithubEvent): Received {
  if (!isObject(payload)) return refused(400, 'the body is not a JSON object');
  const read = readers[event];
  const action = textField(payload, 'action');
  if (read === undefined || (read.actions !== null && !read.actions.test(action ?? ''))) {
    const printed = read === undefined ? `'${event}' events` : `'${event}' events of this action`;
    return { kind: 'ignored', deliveryId, event, reason: `nothing happens on ${printed}` };
  }
  return read.read(deliveryId, payload);
}

interface Reader {
  /** Those that mean something here; new ones appear, and are ignored. `null`: the event has none. */
  readonly actions: RegExp | null;
  readonly read: (deliveryId: string, payload: object) => Received;
}

const readers: Readonly<Partial<Record<string, Reader>>> = {
  push: { actions: null, read: receivePush },
  ping: { actions: null, read: receivePing },
  pull_request: {
    actions:
      /^(opened|reopened|synchronize|edited|ready_for_review|converted_to_draft|closed|(un)?labeled)$/,
    read: receivePullRequest,
  },
  issue_comment: { actions: /^created$/, read: receiveComment },
  merge_group: { actions: /^checks_requested$/, read: receiveMergeGroup },
  check_run: { actions: /^rerequested$/, read: receiveCheck },
  check_suite: { actions: /^rerequested$/, read: receiveSuite },
};

/** Commits and changed files are not even read: renames, merges and force pushes make them wrong. */
function receivePush(deliveryId: string, payload: object): Received {
  const repository = readRepository(payload);
  const ref = refField(payload, 'ref');
  const after = objectIdField(payload, 'after');
  if (repository === null) return refused(400, 'the push does not say of which repository');
  if (ref === null) return refused(400, 'the push does not say of which ref');
  if (after === null) return refused(400, 'the push does not say what the ref points at');
  return { kind: 'push', deliveryId, repository, ref, after };
}

function receivePing(deliveryId: string, payload: object): Received {
  return { kind: 'ping', deliveryId, repository: readRepository(payload) };
}

function receivePullRequest(deliveryId: string, payload: object): Received {
  const repository = readRepository(payload);
  const number = numberField(payload, 'number');
  if (repository === null || number === null)
    return refused(400, 'the event does not say of which pull request of which repository');
  return { kind: 'pull-request', deliveryId, repository, number };
}

/** Issues share the event; a pull request is one with this key. Our own comments, and those of other programs, are bots'. */
function receiveComment(deliveryId: string, payload: object): Received {
  const isBot = textField(payload, 'comment', 'user', 'type') === 'Bot';
  if (isBot || !isObject(field(payload, 'issue', 'pull_request')))
    return {
      kind: 'ignored',
      deliveryId,
      event: 'issue_comment',
      reason: 'only comments of people on pull requests matter',
    };
  const repository = readRepository(payload);
  const number = numberField(payload, 'issue', 'number');
  const commentId = numberField(payload, 'comment', 'id');
  const author = personField(payload, 'comment', 'user', 'login');
  const body = textField(payload, 'comment', 'body');
  const at = timeField(payload, 'comment', 'created_at');
  if (repository === null || number === null || commentId === null)
    return refused(400, 'the event does not say of which comment');
  if (author === null || body === null || at === null)
    return refused(400, 'the event does not say who wrote what, and when');
  return {
    kind: 'comment',
    deliveryId,
    repository,
    number,
    commentId: String(commentId),
    author,
    body,
    at,
  };
}

function receiveMergeGroup(deliveryId: string, payload: object): Received {
  const repository = readRepository(payload);
  const sha = objectIdField(payload, 'merge_group', 'head_sha');
  const ref = refField(payload, 'merge_group', 'head_ref');
  const base = branchOf(refField(payload, 'merge_group', 'base_ref') ?? '');
  if (repository === null || sha === null || ref === null || base === null)
    return refused(400, 'the event does not say of which commit and branch');
  return { kind: 'merge-group', deliveryId, repository, sha, ref, base };
}

function receiveCheck(deliveryId: string, payload: object): Received {
  const repository = readRepository(payload);
  const sha = objectIdField(payload, 'check_run', 'head_sha');
  const name = personField(payload, 'check_run', 'name');
  if (repository === null || sha === null || name === null)
    return refused(400, 'the event does not say of which check of which commit');
  const author = personField(payload, 'sender', 'login');
  return { kind: 'check-rerequested', deliveryId, repository, sha, name, author };
}

function receiveSuite(deliveryId: string, payload: object): Received {
  const repository = readRepository(payload);
  const sha = objectIdField(payload, 'check_suite', 'head_sha');
  if (repository === null || sha === null)
    return refused(400, 'the event does not say of which commit');
  const author = personField(payload, 'sender', 'login');
  return { kind: 'check-rerequested', deliveryId, repository, sha, name: null, author };
}

function readRepository(payload: object): RepositoryHint | null {
  const of = field(payload, 'repository');
  return repositoryHint(numberField(of, 'id'), field(of, 'full_name'), field(of, 'clone_url'));
}
