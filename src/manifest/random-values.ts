import type { Draw } from '../model/seed.ts';
import { quote } from './quote.ts';
import type { Parsed } from './report.ts';

/** What a resolver of chance is asked for. */
export type Chance =
  | { readonly kind: 'string'; readonly length: number; readonly charset: string }
  | { readonly kind: 'number'; readonly min: number; readonly max: number }
  | { readonly kind: 'uuid' };

export function roll(chance: Chance, draw: Draw): Parsed<string | number> {
  switch (chance.kind) {
    case 'string':
      return randomString(chance.length, chance.charset, draw);
    case 'number':
      return randomNumber(chance.min, chance.max, draw);
    case 'uuid':
      return { value: randomUuid(draw) };
  }
}

/** Longer ones are no secrets but data. */
const maxLength = 4_096;

const digits = '0123456789';
const lower = 'abcdefghijklmnopqrstuvwxyz';
const letters = lower.toUpperCase() + lower;

/** opto's sets of characters (kontena.md 1.5). */
const charsets: ReadonlyMap<string, string> = new Map([
  ['numbers', digits],
  ['letters', letters],
  ['downcase', lower],
  ['upcase', lower.toUpperCase()],
  ['alphanumeric', letters + digits],
  ['hex', `${digits}abcdef`],
  ['hex_upcase', `${digits}ABCDEF`],
  ['base64', `${letters}${digits}+/`],
  ['ascii_printable', String.fromCharCode(...Array.from({ length: 94 }, (_, at) => 33 + at))],
]);

/** `charset` is a name, a range such as `a-f`, or the characters themselves. */
export function randomString(length: number, charset: string, draw: Draw): Parsed<string> {
  if (!Number.isInteger(length) || length < 1 || length > maxLength)
    return bad(`the length of a random string is a number from 1 to ${maxLength}`);
  if (charset === 'base64' && length % 4 !== 0)
    return bad('the length of a random string in base64 is a multiple of 4');
  const characters = Array.from(charsets.get(charset) ?? range(charset) ?? charset);
  if (characters.length === 0 || characters.length > 1_000)
    return bad(`${quote(charset)} is not a set of 1 to 1000 characters`);
  const picked = Array.from({ length }, () => characters[draw(characters.length)] ?? '');
  return { value: picked.join('') };
}

function range(charset: string): string | null {
  const [, first, last] = /^([0-9a-zA-Z])-([0-9a-zA-Z])$/.exec(charset) ?? [];
  if (first === undefined || last === undefined || first > last) return null;
  const length = last.charCodeAt(0) - first.charCodeAt(0) + 1;
  const codes = Array.from({ length }, (_, at) => first.charCodeAt(0) + at);
  return String.fromCharCode(...codes);
}

/** A whole number between two, both included. */
export function randomNumber(min: number, max: number, draw: Draw): Parsed<number> {
  const isRange = Number.isSafeInteger(min) && Number.isSafeInteger(max) && min <= max;
  const size = max - min + 1;
  if (!isRange || size > 2 ** 32)
    return bad('a random number needs "min" and "max", at most 2^32 numbers apart');
  if (size <= 65_536) return { value: min + draw(size) };
  // Above the largest multiple of the size some numbers would be likelier.
  const limit = 2 ** 32 - (2 ** 32 % size);
  for (;;) {
    const number = draw(65_536) * 65_536 + draw(65_536);
    if (number < limit) return { value: min + (number % size) };
  }
}

/** A UUID of the random kind (RFC 9562, version 4). */
export function randomUuid(draw: Draw): string {
  const hex = Array.from({ length: 32 }, () => draw(16).toString(16));
  hex[12] = '4';
  hex[16] = (8 + draw(4)).toString(16);
  const text = hex.join('');
  return [
    text.slice(0, 8),
    text.slice(8, 12),
    text.slice(12, 16),
    text.slice(16, 20),
    text.slice(20),
  ].join('-');
}

function bad(message: string): Parsed<never> {
  return { fault: { code: 'bad-variable', message } };
}
