import {
  type Delivery,
  deliveryIdForm,
  ignored,
  type Readers,
  readHeader,
  receiveDelivery,
} from './delivery.ts';
import {
  field,
  idField,
  numberField,
  objectIdField,
  personField,
  refField,
  repositoryHint,
  textField,
  timeField,
} from './fields.ts';
import { commentHint, pullRequestHint, pushHint } from './hints.ts';
import { type Received, type Refused, type RepositoryHint, refused } from './received.ts';
import { header, type WebhookRequest } from './request.ts';
import { checkStandardSignature, checkToken } from './sender.ts';
import { standardHeaders } from './standard-webhooks.ts';

/** Judges one request to the GitLab webhook address. */
export function receiveGitlab(request: WebhookRequest): Received {
  return receiveDelivery(request, {
    checkSender,
    readEvent: (of) => readHeader(of, 'X-Gitlab-Event', /^[\w -]{1,64}$/),
    readId,
    readers,
  });
}

/** GitLab signs where it was given a signing token; otherwise it only says a secret that both sides know. */
function checkSender(request: WebhookRequest): Refused | null {
  const standard = standardHeaders(request);
  if (standard !== null) return checkStandardSignature(request, standard);
  return checkToken(request, header(request.headers, 'x-gitlab-token'));
}

/** The same over all attempts at one event; older versions have only the second, for the event. */
function readId({ headers }: WebhookRequest): string | Refused {
  const id = header(headers, 'idempotency-key') ?? header(headers, 'x-gitlab-event-uuid');
  if (id !== null && deliveryIdForm.test(id)) return id;
  return refused(400, 'the headers do not say which delivery this is');
}

const readers: Readers = {
  'Push Hook': receivePush,
  'Merge Request Hook': receiveMergeRequest,
  'Note Hook': receiveNote,
};

function receivePush(delivery: Delivery): Received {
  const { payload } = delivery;
  return pushHint(delivery, {
    repository: readProject(payload),
    ref: refField(payload, 'ref'),
    after: objectIdField(payload, 'after'),
  });
}

function receiveMergeRequest(delivery: Delivery): Received {
  const { payload } = delivery;
  return pullRequestHint(delivery, {
    repository: readProject(payload),
    number: numberField(payload, 'object_attributes', 'iid'),
  });
}

/** Also what is written on issues, commits and snippets, what is edited, and what GitLab itself notes down. */
function receiveNote(delivery: Delivery): Received {
  const { payload } = delivery;
  const note = field(payload, 'object_attributes');
  const isOld = (textField(note, 'action') ?? 'create') !== 'create' || isEdited(note);
  const isOther = textField(note, 'noteable_type') !== 'MergeRequest';
  if (isOther || isOld || field(note, 'system') === true)
    return ignored(delivery, 'only new comments on merge requests matter');
  return commentHint(delivery, {
    repository: readProject(payload),
    number: numberField(payload, 'merge_request', 'iid'),
    commentId: idField(note, 'id'),
    author: personField(payload, 'user', 'username'),
    body: textField(note, 'note'),
    at: timeField(note, 'created_at'),
  });
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
