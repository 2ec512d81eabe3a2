import {
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
  noSecret,
  parseBody,
  type Received,
  type Refused,
  type RepositoryHint,
  refused,
  type WebhookRequest,
} from './receive.ts';
import { isSigned } from './signature.ts';

/** Judges one request to the address for Gitea and Forgejo. */
export function receiveGitea(request: WebhookRequest): Received {
  const unfit = checkTransport(request) ?? checkSignature(request);
  if (unfit !== null) return unfit;
  const event = own(request, 'event');
  const deliveryId = own(request, 'delivery');
  if (event === null || !/^[a-z_]{1,64}$/.test(event))
    return refused(400, 'the header X-Gitea-Event is missing or malformed');
  if (deliveryId === null || !/^[\w.:-]{1,128}$/.test(deliveryId))
    return refused(400, 'the header X-Gitea-Delivery is missing or malformed');
  const payload = parseBody(request.rawBody);
  if (!isObject(payload)) return refused(400, 'the body is not a JSON object');
  const read = readers[event];
  if (read !== undefined) return read(deliveryId, payload);
  const reason = 'nothing happens on events of this kind';
  return { kind: 'ignored', deliveryId, event, reason };
}

/** Forgejo has headers of its own beside Gitea's. */
function own({ headers }: WebhookRequest, name: string): string | null {
  return header(headers, `x-forgejo-${name}`) ?? header(headers, `x-gitea-${name}`);
}

/** Bare hexadecimal digits, where GitHub writes the algorithm before them. */
function checkSignature(request: WebhookRequest): Refused | null {
  if (!request.secrets.some((secret) => secret !== '')) return noSecret;
  const signature = own(request, 'signature');
  if (signature === null)
    return refused(401, 'the webhook is not signed: set its secret, the same on both sides');
  if (isSigned(request.rawBody, `sha256=${signature}`, request.secrets)) return null;
  return refused(401, 'the signature does not fit: is the secret the same on both sides?');
}

type Read = (deliveryId: string, payload: object) => Received;

/** Labels, assignments, milestones and reviews come under names of their own, and change nothing here. */
const readers: Readonly<Partial<Record<string, Read>>> = {
  push: receivePush,
  pull_request: receivePullRequest,
  pull_request_sync: receivePullRequest,
  issue_comment: receiveComment,
  pull_request_comment: receiveComment,
};

function receivePush(deliveryId: string, payload: object): Received {
  const repository = readRepository(payload);
  const ref = refField(payload, 'ref');
  const after = objectIdField(payload, 'after');
  if (repository === null || ref === null || after === null)
    return refused(400, 'the push does not say what moved in which repository');
  return { kind: 'push', deliveryId, repository, ref, after };
}

function receivePullRequest(deliveryId: string, payload: object): Received {
  const repository = readRepository(payload);
  const number = numberField(payload, 'number');
  if (repository === null || number === null)
    return refused(400, 'the event does not say of which pull request of which repository');
  return { kind: 'pull-request', deliveryId, repository, number };
}

function receiveComment(deliveryId: string, payload: object): Received {
  const isNew = textField(payload, 'action') === 'created';
  if (!isNew || field(payload, 'is_pull') !== true)
    return {
      kind: 'ignored',
      deliveryId,
      event: 'issue_comment',
      reason: 'only new comments on pull requests matter',
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
  const id = String(commentId);
  return { kind: 'comment', deliveryId, repository, number, commentId: id, author, body, at };
}

function readRepository(payload: object): RepositoryHint | null {
  const of = field(payload, 'repository');
  return repositoryHint(numberField(of, 'id'), field(of, 'full_name'), field(of, 'clone_url'));
}
