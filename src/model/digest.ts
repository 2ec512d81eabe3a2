import { createHash, createHmac } from 'node:crypto';
import { configure } from 'safe-stable-stringify';

// Keys in code unit order, `undefined` left out, cycles refused: equal values have equal text.
const canonical = configure({ deterministic: true, circularValue: Error, strict: true });

/** SHA-256 of a JSON value's canonical text, as 64 hex digits. Equal values, equal digests, on every machine. */
export function digest(value: unknown): string {
  return createHash('sha256')
    .update(canonical(value) ?? 'undefined')
    .digest('hex');
}

/** SHA-256 of bytes as they are. */
export function contentDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The first 16 hex digits: enough to tell specs of one service apart, short enough for a label. */
export function shortDigest(value: unknown): string {
  return digest(value).slice(0, 16);
}

/** The digest of a text's UTF-8 bytes in hexadecimal, by an algorithm of the user's choice. */
export function textDigest(
  algorithm: 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512',
  text: string,
): string {
  return createHash(algorithm).update(text).digest('hex');
}

/** HMAC-SHA256: 32 bytes that only who has the key can know. */
export function keyedDigest(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
