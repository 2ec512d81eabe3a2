import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const form = /^sha256=([0-9a-f]{64})$/;

/**
 * Whether `sha256=<hex>` is the HMAC-SHA256 of these bytes under one of the secrets. Takes the same time whichever secret
 * fits and wherever a wrong signature differs. Empty secrets fit nothing.
 */
export function isSigned(
  rawBody: Uint8Array,
  signature: string,
  secrets: readonly string[],
): boolean {
  const given = form.exec(signature)?.[1];
  if (given === undefined) return false;
  let fits = false;
  for (const secret of secrets.filter((each) => each !== '')) {
    const expected = createHmac('sha256', secret).update(rawBody).digest();
    if (timingSafeEqual(expected, Buffer.from(given, 'hex'))) fits = true;
  }
  return fits;
}

/** Whether a text is one of the secrets. Takes the same time whichever it is, wherever a wrong one differs. */
export function isSecret(text: string, secrets: readonly string[]): boolean {
  const given = digest(text);
  let fits = false;
  for (const secret of secrets.filter((each) => each !== ''))
    if (timingSafeEqual(digest(secret), given)) fits = true;
  return fits;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
