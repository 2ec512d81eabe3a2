import {
  field,
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
import {
  checkTransport,
  header,
  type MovedRef,
  noSecret,
  parseBody,
  type Received,
  type Refused,
  type RepositoryHint,
  refused,
  type WebhookRequest,
} from './receive.ts';
import { isSigned } from './signature.ts';

const NOTHING = '0'.repeat(40);
/** Branches and tags of one push that are looked at. */
const MAX_CHANGES = 100;

/** Judges one request to the address for Bitbucket Cloud. */
export function receiveBitbucket(request: WebhookRequest): Received {
  const unfit = checkTransport(request) ?? checkSignature(request);
  if (unfit !== null) return unfit;
  const event = header(request.headers, 'x-event-key');
  const deliveryId = header(request.headers, 'x-request-uuid');
  if (event === null || !/^[\w:-]{1,64}$/.test(event))
    return refused(400, 'the header X-Event-Key is missing or malformed');
  if (deliveryId === null || !/^[\w.:{}-]{1,128}$/.test(deliveryId))
    return refused(400, 'the header X-Request-UUID is missing or malformed');
  const payload = parseBody(request.rawBody);
  if (!isObject(payload)) return refused(400, 'the body is not a JSON object');
  const read = readers[event];
  if (read !== undefined) return read(deliveryId, payload);
  const reason = 'nothing happens on events of this kind';
  return { kind: 'ignored', deliveryId, event, reason };
}

/** Only sent when the webhook has a secret. */
function checkSignature({ headers, rawBody, secrets }: WebhookRequest): Refused | null {
  if (!secrets.some((secret) => secret !== '')) return noSecret;
  const signature = header(headers, 'x-hub-signature');
  if (signature === null)
    return refused(401, 'the webhook is not signed: set its secret, the same on both sides');
  if (isSigned(rawBody, signature, secrets)) return null;
  return refused(401, 'the signature does not fit: is the secret the same on both sides?');
}

type Read = (deliveryId: string, payload: object) => Received;

const readers: Readonly<Partial<Record<string, Read>>> = {
  'repo:push': receivePush,
  'pullrequest:created': receivePullRequest,
  'pullrequest:updated': receivePullRequest,
  'pullrequest:fulfilled': receivePullRequest,
  'pullrequest:rejected': receivePullRequest,
  'pullrequest:comment_created': receiveComment,
};

function receivePush(deliveryId: string, payload: object): Received {
  const repository = readRepository(payload);
  const changes = listField(payload, 'push', 'changes').slice(0, MAX_CHANGES);
  const [first, ...more] = changes.flatMap(readChange);
  if (repository === null || first === undefined)
    return refused(400, 'the push does not say what moved in which repository');
  return { kind: 'push', deliveryId, repository, ...first, more };
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

function receivePullRequest(deliveryId: string, payload: object): Received {
  const repository = readRepository(payload);
  const number = numberField(payload, 'pullrequest', 'id');
  if (repository === null || number === null)
    return refused(400, 'the event does not say of which pull request of which repository');
  return { kind: 'pull-request', deliveryId, repository, number };
}

function receiveComment(deliveryId: string, payload: object): Received {
  const repository = readRepository(payload);
  const number = numberField(payload, 'pullrequest', 'id');
  const commentId = numberField(payload, 'comment', 'id');
  // Names of people are neither unique nor lasting at Bitbucket.
  const author = personField(payload, 'comment', 'user', 'uuid');
  const body = textField(payload, 'comment', 'content', 'raw');
  const at = timeField(payload, 'comment', 'created_on');
  if (repository === null || number === null || commentId === null)
    return refused(400, 'the event does not say of which comment');
  if (author === null || body === null || at === null)
    return refused(400, 'the event does not say who wrote what, and when');
  const id = String(commentId);
  return { kind: 'comment', deliveryId, repository, number, commentId: id, author, body, at };
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
