import { type Refused, refused } from './received.ts';
import type { WebhookRequest } from './request.ts';
import { isSecret, isSigned } from './signature.ts';
import { isStandardSigned, type StandardHeaders } from './standard-webhooks.ts';

/**
 * Whether a request is from somebody who has a secret of ours, as the forges prove it. `null`: it is. `missing` is what is
 * said where there is no proof at all.
 */
export function checkSignature(
  { rawBody, secrets }: WebhookRequest,
  signature: string | null,
  missing = 'the webhook is not signed: set its secret, the same on both sides',
): Refused | null {
  if (!isConfigured(secrets)) return noSecret;
  if (signature === null) return refused(401, missing);
  if (isSigned(rawBody, signature, secrets)) return null;
  return refused(401, 'the signature does not fit: is the secret the same on both sides?');
}

export function checkStandardSignature(
  request: WebhookRequest,
  headers: StandardHeaders,
): Refused | null {
  if (!isConfigured(request.secrets)) return noSecret;
  if (isStandardSigned(request, headers)) return null;
  return refused(401, 'the signature does not fit, or is older than five minutes');
}

export function checkToken({ secrets }: WebhookRequest, token: string | null): Refused | null {
  if (!isConfigured(secrets)) return noSecret;
  if (token === null) return refused(401, 'the webhook has no secret token: set it, as here');
  if (isSecret(token, secrets)) return null;
  return refused(401, 'the secret token does not fit: is it the same on both sides?');
}

/** What everybody is told while there is nothing to check a proof with. */
const noSecret = refused(401, 'no webhook secret is configured, so no webhook is accepted');

function isConfigured(secrets: readonly string[]): boolean {
  return secrets.some((secret) => secret !== '');
}
