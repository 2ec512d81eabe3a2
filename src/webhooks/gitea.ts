import {
  type Delivery,
  deliveryIdForm,
  ignored,
  type Readers,
  readHeader,
  receiveDelivery,
} from './delivery.ts';
import { field, textField } from './fields.ts';
import { readComment, readPullRequest, readPush } from './github-payload.ts';
import type { Received, Refused } from './received.ts';
import { header, type WebhookRequest } from './request.ts';
import { checkSignature } from './sender.ts';

/** Judges one request to the address for Gitea and Forgejo. */
export function receiveGitea(request: WebhookRequest): Received {
  return receiveDelivery(request, {
    checkSender,
    readEvent: (of) => readHeader(of, ownHeader(of, 'Event'), /^[a-z_]{1,64}$/),
    readId: (of) => readHeader(of, ownHeader(of, 'Delivery'), deliveryIdForm),
    readers,
  });
}

/** Bare hexadecimal digits, where GitHub writes the algorithm before them. */
function checkSender(request: WebhookRequest): Refused | null {
  const digits = header(request.headers, ownHeader(request, 'Signature').toLowerCase());
  return checkSignature(request, digits === null ? null : `sha256=${digits}`);
}

/** Forgejo has headers of its own beside Gitea's. */
function ownHeader({ headers }: WebhookRequest, name: string): string {
  const forgejos = `X-Forgejo-${name}`;
  return header(headers, forgejos.toLowerCase()) === null ? `X-Gitea-${name}` : forgejos;
}

/** Labels, assignments, milestones and reviews come under names of their own, and change nothing here. */
const readers: Readers = {
  push: readPush,
  pull_request: readPullRequest,
  pull_request_sync: readPullRequest,
  issue_comment: receiveComment,
  pull_request_comment: receiveComment,
};

function receiveComment(delivery: Delivery): Received {
  const { payload } = delivery;
  const isNew = textField(payload, 'action') === 'created';
  if (isNew && field(payload, 'is_pull') === true) return readComment(delivery);
  return ignored(delivery, 'only new comments on pull requests matter');
}
