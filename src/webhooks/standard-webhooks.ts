import { createHmac, timingSafeEqual } from 'node:crypto';
import { header, type WebhookRequest } from './request.ts';

/** Seconds between the sender's clock and ours; the signature covers the time, and an old one is a replay. */
const TOLERANCE = 5 * 60;
const PREFIX = 'whsec_';

export interface StandardHeaders {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
}

/** The three headers of https://www.standardwebhooks.com; `null`: the request has none of them. */
export function standardHeaders({ headers }: WebhookRequest): StandardHeaders | null {
  const signature = header(headers, 'webhook-signature');
  if (signature === null) return null;
  return {
    id: header(headers, 'webhook-id') ?? '',
    timestamp: header(headers, 'webhook-timestamp') ?? '',
    signature,
  };
}

/** Whether one of the signatures is the HMAC-SHA256 of id, time and body under one of the secrets, and the time is now. */
export function isStandardSigned(
  { rawBody, secrets, now = Number.NaN }: WebhookRequest,
  { id, timestamp, signature }: StandardHeaders,
): boolean {
  if (id === '' || !/^\d{1,12}$/.test(timestamp)) return false;
  const isRecent = Math.abs(Number(timestamp) - now / 1_000) <= TOLERANCE;
  const given = signature.split(' ').flatMap((each) => /^v1,([\w+/=]{44})$/.exec(each)?.[1] ?? []);
  let fits = false;
  for (const key of secrets.map(keyOf).filter(({ length }) => length > 0)) {
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(rawBody);
    const expected = mac.digest();
    for (const each of given.map((text) => Buffer.from(text, 'base64')))
      if (each.length === expected.length && timingSafeEqual(each, expected)) fits = true;
  }
  return isRecent && fits;
}

/** With the prefix a secret is a key in base64, without it is its own bytes. */
function keyOf(secret: string): Buffer {
  if (!secret.startsWith(PREFIX)) return Buffer.from(secret);
  return Buffer.from(secret.slice(PREFIX.length), 'base64');
}
