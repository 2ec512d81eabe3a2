import { createHash } from 'node:crypto';
import {
  isFullName,
  isObject,
  isPath,
  isWebUrl,
  objectIdField,
  refField,
  textField,
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
import { isStandardSigned, standardHeaders } from './standard-webhooks.ts';

/**
 * Judges one request to the address for everything else: a hook of a plain Git server, a job of a build server. The body is
 * `{"repository": "https://…" or "owner/name", "ref": "refs/heads/main", "after": "<commit>"}`.
 */
export function receiveGeneric(request: WebhookRequest): Received {
  const unfit = checkTransport(request) ?? checkSignature(request);
  if (unfit !== null) return unfit;
  const payload = parseBody(request.rawBody);
  if (!isObject(payload)) return refused(400, 'the body is not a JSON object');
  const repository = readRepository(textField(payload, 'repository') ?? '');
  const ref = refField(payload, 'ref');
  const after = objectIdField(payload, 'after');
  if (repository === null)
    return refused(400, '"repository" must be a web address or owner/name of the repository');
  if (ref === null) return refused(400, '"ref" must be a full name, such as refs/heads/main');
  if (after === null)
    return refused(400, '"after" must be the commit that the ref points at, all zeros if deleted');
  return { kind: 'push', deliveryId: deliveryOf(request), repository, ref, after };
}

function checkSignature(request: WebhookRequest): Refused | null {
  if (!request.secrets.some((secret) => secret !== '')) return noSecret;
  const standard = standardHeaders(request);
  if (standard !== null) {
    if (isStandardSigned(request, standard)) return null;
    return refused(401, 'the signature does not fit, or is older than five minutes');
  }
  const signature = header(request.headers, 'x-gridops-signature-256');
  if (signature === null) return refused(401, 'the header X-Gridops-Signature-256 is missing');
  if (isSigned(request.rawBody, signature, request.secrets)) return null;
  return refused(401, 'the signature does not fit: is the secret the same on both sides?');
}

/** What says the same is the same, where nobody says otherwise. */
function deliveryOf({ headers, rawBody }: WebhookRequest): string {
  const id = header(headers, 'webhook-id') ?? header(headers, 'x-gridops-delivery');
  if (id !== null && /^[\w.:-]{1,128}$/.test(id)) return id;
  return createHash('sha256').update(rawBody).digest('hex');
}

function readRepository(text: string): RepositoryHint | null {
  if (isFullName(text)) return { id: text, fullName: text, cloneUrl: '' };
  if (!isWebUrl(text)) return null;
  const fullName = new URL(text).pathname.replace(/^\/|\.git\/?$|\/$/g, '');
  return isPath(fullName) ? { id: text, fullName, cloneUrl: text } : null;
}
