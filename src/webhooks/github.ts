import {
  type Delivery,
  deliveryIdForm,
  ignored,
  type Read,
  type Readers,
  readHeader,
  receiveDelivery,
} from './delivery.ts';
import {
  branchOf,
  field,
  isObject,
  objectIdField,
  personField,
  refField,
  textField,
} from './fields.ts';
import { readComment, readPullRequest, readPush, readRepository } from './github-payload.ts';
import { type Ignored, type Received, type Refused, refused } from './received.ts';
import { header, type WebhookRequest } from './request.ts';
import { checkSignature } from './sender.ts';

/** Judges one request to the GitHub webhook address. */
export function receiveGithub(request: WebhookRequest): Received {
  return receiveDelivery(request, {
    checkSender,
    readEvent: (of) => readHeader(of, 'X-GitHub-Event', /^[a-z0-9_]{1,64}$/),
    readId: (of) => readHeader(of, 'X-GitHub-Delivery', deliveryIdForm),
    readers,
  });
}

function checkSender(request: WebhookRequest): Refused | Ignored | null {
  const { headers } = request;
  const signature = header(headers, 'x-hub-signature-256');
  const isSha1 = header(headers, 'x-hub-signature') !== null;
  const missing = isSha1
    ? 'a SHA-1 signature is not enough: X-Hub-Signature-256 is needed'
    : undefined;
  return detectLookalike(request) ?? checkSignature(request, signature, missing);
}

/** Forges whose deliveries also carry GitHub's headers, by the header that gives them away. */
const lookalikes = [
  ['x-forgejo-event', 'Forgejo, which has /webhooks/gitea'],
  ['x-gitea-event', 'Gitea, which has /webhooks/gitea'],
  ['x-gogs-event', 'Gogs'],
  ['x-gitlab-event', 'GitLab, which has /webhooks/gitlab'],
] as const;

function detectLookalike({ headers }: WebhookRequest): Ignored | null {
  const found = lookalikes.find(([name]) => header(headers, name) !== null);
  if (found === undefined) return null;
  const reason = `this is the address for GitHub, and the delivery is from ${found[1]}`;
  return { kind: 'ignored', deliveryId: null, event: null, reason };
}

const readers: Readers = {
  push: readPush,
  ping: receivePing,
  pull_request: onActions(
    /^(opened|reopened|synchronize|edited|ready_for_review|converted_to_draft|closed|(un)?labeled)$/,
    readPullRequest,
  ),
  issue_comment: onActions(/^created$/, receiveComment),
  merge_group: onActions(/^checks_requested$/, receiveMergeGroup),
  check_run: onActions(/^rerequested$/, receiveCheck),
  check_suite: onActions(/^rerequested$/, receiveSuite),
};

/** Reads those that mean something here; new ones appear, and are ignored. */
function onActions(actions: RegExp, read: Read): Read {
  return (delivery) => {
    if (actions.test(textField(delivery.payload, 'action') ?? '')) return read(delivery);
    return ignored(delivery, `nothing happens on '${delivery.event}' events of this action`);
  };
}

function receivePing({ id, payload }: Delivery): Received {
  return { kind: 'ping', deliveryId: id, repository: readRepository(payload) };
}

/** Issues share the event; a pull request is one with this key. Our own comments, and those of other programs, are bots'. */
function receiveComment(delivery: Delivery): Received {
  const { payload } = delivery;
  const isBot = textField(payload, 'comment', 'user', 'type') === 'Bot';
  if (!isBot && isObject(field(payload, 'issue', 'pull_request'))) return readComment(delivery);
  return ignored(delivery, 'only comments of people on pull requests matter');
}

function receiveMergeGroup({ id, payload }: Delivery): Received {
  const repository = readRepository(payload);
  const sha = objectIdField(payload, 'merge_group', 'head_sha');
  const ref = refField(payload, 'merge_group', 'head_ref');
  const base = branchOf(refField(payload, 'merge_group', 'base_ref') ?? '');
  if (repository === null || sha === null || ref === null || base === null)
    return refused(400, 'the event does not say of which commit and branch');
  return { kind: 'merge-group', deliveryId: id, repository, sha, ref, base };
}

function receiveCheck({ id, payload }: Delivery): Received {
  const repository = readRepository(payload);
  const sha = objectIdField(payload, 'check_run', 'head_sha');
  const name = personField(payload, 'check_run', 'name');
  if (repository === null || sha === null || name === null)
    return refused(400, 'the event does not say of which check of which commit');
  const author = personField(payload, 'sender', 'login');
  return { kind: 'check-rerequested', deliveryId: id, repository, sha, name, author };
}

function receiveSuite({ id, payload }: Delivery): Received {
  const repository = readRepository(payload);
  const sha = objectIdField(payload, 'check_suite', 'head_sha');
  if (repository === null || sha === null)
    return refused(400, 'the event does not say of which commit');
  const author = personField(payload, 'sender', 'login');
  return { kind: 'check-rerequested', deliveryId: id, repository, sha, name: null, author };
}
