import { createHash } from 'node:crypto';
import { type Delivery, deliveryIdForm, receiveDelivery } from './delivery.ts';
import { isFullName, isPath, isWebUrl, objectIdField, refField, textField } from './fields.ts';
import { type Received, type Refused, type RepositoryHint, refused } from './received.ts';
import { header, type WebhookRequest } from './request.ts';
import { checkSignature, checkStandardSignature } from './sender.ts';
import { standardHeaders } from './standard-webhooks.ts';

/**
 * Judges one request to the address for everything else: a hook of a plain Git server, a job of a build server. The body is
 * `{"repository": "https://…" or "owner/name", "ref": "refs/heads/main", "after": "<commit>"}`.
 */
export function receiveGeneric(request: WebhookRequest): Received {
  return receiveDelivery(request, {
    checkSender,
    readEvent: () => 'push',
    readId,
    readers: { push: receivePush },
  });
}

function checkSender(request: WebhookRequest): Refused | null {
  const standard = standardHeaders(request);
  if (standard !== null) return checkStandardSignature(request, standard);
  const signature = header(request.headers, 'x-gridops-signature-256');
  return checkSignature(request, signature, 'the header X-Gridops-Signature-256 is missing');
}

/** What says the same is the same, where nobody says otherwise. */
function readId({ headers, rawBody }: WebhookRequest): string {
  const id = header(headers, 'webhook-id') ?? header(headers, 'x-gridops-delivery');
  if (id !== null && deliveryIdForm.test(id)) return id;
  return createHash('sha256').update(rawBody).digest('hex');
}

/** Whoever wrote the hook reads this: it says how each is written. */
function receivePush({ id, payload }: Delivery): Received {
  const repository = readRepository(textField(payload, 'repository') ?? '');
  const ref = refField(payload, 'ref');
  const after = objectIdField(payload, 'after');
  if (repository === null)
    return refused(400, '"repository" must be a web address or owner/name of the repository');
  if (ref === null) return refused(400, '"ref" must be a full name, such as refs/heads/main');
  if (after === null)
    return refused(400, '"after" must be the commit that the ref points at, all zeros if deleted');
  return { kind: 'push', deliveryId: id, repository, ref, after };
}

function readRepository(text: string): RepositoryHint | null {
  if (isFullName(text)) return { id: text, fullName: text, cloneUrl: '' };
  if (!isWebUrl(text)) return null;
  const fullName = new URL(text).pathname.replace(/^\/|\.git\/?$|\/$/g, '');
  return isPath(fullName) ? { id: text, fullName, cloneUrl: text } : null;
}
