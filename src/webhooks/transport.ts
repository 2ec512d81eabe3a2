import { type Refused, refused } from './received.ts';
import { header, type WebhookRequest } from './request.ts';

/** Far above any push without its commits; a forge that sends more is told so. */
export const MAX_WEBHOOK_BYTES = 3 * 1024 * 1024;

/** What can be said before the forge is known; `null` when there is nothing to say. */
export function checkTransport({
  method = 'POST',
  headers,
  rawBody,
}: WebhookRequest): Refused | null {
  if (method !== 'POST') return refused(405, 'a webhook is sent with POST');
  if (rawBody.byteLength > MAX_WEBHOOK_BYTES)
    return refused(413, `a webhook may have ${MAX_WEBHOOK_BYTES} bytes`);
  const encoding = header(headers, 'content-encoding') ?? 'identity';
  if (encoding !== 'identity') return refused(415, 'send the webhook without content-encoding');
  const type = header(headers, 'content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type))
    return refused(415, "set the webhook's content type to application/json");
  return null;
}
