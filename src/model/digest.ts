import { createHash } from 'node:crypto';
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
