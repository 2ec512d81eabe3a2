import { quote } from './quote.ts';
import type { Parsed } from './report.ts';

const factors: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** `512m`, `1.5g`, `64kb`, or a bare number of bytes → whole bytes. Units are powers of 1024, as Docker counts memory. */
export function parseByteSize(text: string): Parsed<number> {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)\s?(?:([bkmg])|([kmg])b)?$/i.exec(text);
  if (match === null) return bad(text, 'is not a size');
  const unit = (match[2] ?? match[3] ?? 'b').toLowerCase();
  const bytes = Math.round(Number(match[1]) * (factors[unit] ?? 1));
  return Number.isSafeInteger(bytes) ? { value: bytes } : bad(text, 'is too large');
}

function bad(text: string, reason: string): Parsed<number> {
  const hint = 'Write bytes, or a number with the unit k, m or g, for example "512m".';
  return { fault: { code: 'bad-size', message: `${quote(text)} ${reason}`, hint } };
}
