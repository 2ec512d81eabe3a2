import { type Delivery, type Readers, readHeader, receiveDelivery } from './delivery.ts';
import {
  field,
  idField,
  isObject,
  listField,
  numberField,
  objectIdField,
  personField,
  refField,
  repositoryHint,
  textField,
  timeField,
} from './fields.ts';
import { commentHint, pullRequestHint, pushHint } from './hints.ts';
import type { MovedRef, Received, RepositoryHint } from './received.ts';
import { header, type WebhookRequest } from './request.ts';
import { checkSignature } from './sender.ts';

const NOTHING = '0'.repeat(40);
/** Branches and tags of one push that are looked at. */
const MAX_CHANGES = 100;

/** Judges one request to the address for Bitbucket Cloud. */
export function receiveBitbucket(request: WebhookRequest): Received {
  return receiveDelivery(request, {
    checkSender: (of) => checkSignature(of, header(of.headers, 'x-hub-signature')),
    readEvent: (of) => readHeader(of, 'X-Event-Key', /^[\w:-]{1,64}$/),
    readId: (of) => readHeader(of, 'X-Request-UUID', /^[\w.:{}-]{1,128}$/),
    readers,
  });
}

const readers: Readers = {
  'repo:push': receivePush,
  'pullrequest:created': receivePullRequest,
  'pullrequest:updated': receivePullRequest,
  'pullrequest:fulfilled': receivePullRequest,
  'pullrequest:rejected': receivePullRequest,
  'pullrequest:comment_created': receiveComment,
};

function receivePush(delivery: Delivery): Received {
  const { payload } = delivery;
  const changes = listField(payload, 'push', 'changes').slice(0, MAX_CHANGES);
  const [first, ...more] = changes.flatMap(readChange);
  const { ref, after } = first ?? { ref: null, after: null };
  const hint = pushHint(delivery, { repository: readRepository(payload), ref, after });
  return hint.kind === 'push' ? { ...hint, more } : hint;
}

/** Without `new` the branch was deleted. */
function readChange(change: unknown): readonly MovedRef[] {
  const side = isObject(field(change, 'new')) ? 'new' : 'old';
  const folder = textField(change, side, 'type') === 'tag' ? 'tags' : 'heads';
  const name = `refs/${folder}/${textField(change, side, 'name') ?? ''}`;
  const ref = refField({ name }, 'name');
  const after = side === 'old' ? NOTHING : objectIdField(change, 'new', 'target', 'hash');
  return ref === null || after === null ? [] : [{ ref, after }];
}

function receivePullRequest(delivery: Delivery): Received {
  const { payload } = delivery;
  return pullRequestHint(delivery, {
    repository: readRepository(payload),
    number: numberField(payload, 'pullrequest', 'id'),
  });
}

function receiveComment(delivery: Delivery): Received {
  const { payload } = delivery;
  return commentHint(delivery, {
    repository: readRepository(payload),
    number: numberField(payload, 'pullrequest', 'id'),
    commentId: idField(payload, 'comment', 'id'),
    // Names of people are neither unique nor lasting at Bitbucket.
    author: personField(payload, 'comment', 'user', 'uuid'),
    body: textField(payload, 'comment', 'content', 'raw'),
    at: timeField(payload, 'comment', 'created_on'),
  });
}

/** Payloads have no address to clone from; it follows from the page's. */
function readRepository(payload: object): RepositoryHint | null {
  const of = field(payload, 'repository');
  return repositoryHint(
    personField(of, 'uuid'),
    field(of, 'full_name'),
    field(of, 'links', 'html', 'href'),
  );
}
