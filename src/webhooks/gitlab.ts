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
import { isSecret } from './signature.ts';
import { isStandardSigned, standardHeaders } from './standard-webhooks.ts';

/** Judges one request to the GitLab webhook address. */
export function receiveGitlab(request: WebhookRequest): Received {
  const unfit = checkTransport(request) ?? checkSender(request);
  if (unfit !== null) return unfit;
  const event = header(request.headers, 'x-gitlab-event');
  const deliveryId = deliveryOf(request);
  if (event === null) return refused(400, 'the header X-Gitlab-Event is missing');
  if (deliveryId === null) return refused(400, 'the headers do not say which delivery this is');
  const payload = parseBody(request.rawBody);
  if (!isObject(payload)) return refused(400, 'the body is not a JSON object');
  const read = readers[event];
  if (read !== undefined) return read(deliveryId, payload);
  return {
    kind: 'ignored',
    deliveryId,
    event: event.slice(0, 64),
    reason: 'nothing happens on events of this kind',
  };
}

/** GitLab signs where it was given a signing token; otherwise it only says a secret that both sides know. */
function checkSender(request: WebhookRequest): Refused | null {
  if (!request.secrets.some((secret) => secret !== '')) return noSecret;
  const standard = standardHeaders(request);
  if (standard !== null) {
    if (isStandardSigned(request, standard)) return null;
    return refused(401, 'the signature does not fit, or is older than five minutes');
  }
  const token = header(request.headers, 'x-gitlab-token');
  if (token === null) return refused(401, 'the webhook has no secret token: set it, as here');
  if (isSecret(token, request.secrets)) return null;
  return refused(401, 'the secret token does not fit: is it the same on both sides?');
}

/** The same over all attempts at one event; older versions have only the second, for the event. */
function deliveryOf({ headers }: WebhookRequest): string | null {
  const id = header(headers, 'idempotency-key') ?? header(headers, 'x-gitlab-event-uuid');
  return id !== null && /^[\w.:-]{1,128}$/.test(id) ? id : null;
}

type Read = (deliveryId: string, payload: object) => Received;

const readers: Readonly<Partial<Record<string, Read>>> = {
  'Push Hook': receivePush,
  'Merge Request Hook': receiveMergeRequest,
  'Note Hook': receiveNote,
};

function receivePush(deliveryId: string, payload: object): Received {
  const repository = readProject(payload);
  const ref = refField(payload, 'ref');
  const after = objectIdField(payload, 'after');
  if (repository === null || ref === null || after === null)
    return refused(400, 'the push does not say what moved in which project');
  return { kind: 'push', deliveryId, repository, ref, after };
}

function receiveMergeRequest(deliveryId: string, payload: object): Received {
  const repository = readProject(payload);
  const number = numberField(payload, 'object_attributes', 'iid');
  if (repository === null || number === null)
    return refused(400, 'the event does not say of which merge request of which project');
  return { kind: 'pull-request', deliveryId, repository, number };
}

/** Also what is written on issues, commits and snippets, what is edited, and what GitLab itself notes down. */
function receiveNote(deliveryId: string, payload: object): Received {
  const note = field(payload, 'object_attributes');
  const isOld = (textField(note, 'action') ?? 'create') !== 'create' || isEdited(note);
  const isOther = textField(note, 'noteable_type') !== 'MergeRequest';
  if (isOther || isOld || field(note, 'system') === true)
    return {
      kind: 'ignored',
      deliveryId,
      event: 'Note Hook',
      reason: 'only new comments on merge requests matter',
    };
  const repository = readProject(payload);
  const number = numberField(payload, 'merge_request', 'iid');
  const commentId = numberField(note, 'id');
  const author = personField(payload, 'user', 'username');
  const body = textField(note, 'note');
  const at = timeField(note, 'created_at');
  if (repository === null || number === null || commentId === null)
    return refused(400, 'the event does not say of which comment');
  if (author === null || body === null || at === null)
    return refused(400, 'the event does not say who wrote what, and when');
  const id = String(commentId);
  return { kind: 'comment', deliveryId, repository, number, commentId: id, author, body, at };
}

/** Versions without `action` tell of edits with the same event. */
function isEdited(note: unknown): boolean {
  const created = timeField(note, 'created_at');
  const updated = timeField(note, 'updated_at');
  return created !== null && updated !== null && updated > created;
}

function readProject(payload: object): RepositoryHint | null {
  const of = field(payload, 'project');
  return repositoryHint(
    numberField(of, 'id'),
    field(of, 'path_with_namespace'),
    field(of, 'git_http_url'),
  );
}
