import { quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';

/** Permissions of a folder as `chmod` takes them: octal, with or without a zero in front. */
export function parseFolderMode(text: string): Parsed<number> {
  return parseOctal(text, /^0?o?([0-7]{3,4})$/, '1777');
}

/** Permissions of a file. Files that run as their owner come in images only. */
export function parseFileMode(text: string): Parsed<number> {
  return parseOctal(text, /^0?o?([0-7]{3})$/, '0440');
}

function parseOctal(text: string, pattern: RegExp, example: string): Parsed<number> {
  const [, digits] = pattern.exec(text) ?? [];
  return digits === undefined
    ? { fault: badMode(text, example) }
    : { value: Number.parseInt(digits, 8) };
}

function badMode(text: string, example: string): Fault {
  return {
    code: 'bad-mode',
    message: `${quote(text)} cannot be the mode here`,
    hint: `Write it in octal, for example ${example}.`,
  };
}
