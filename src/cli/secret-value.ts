import { resolve } from 'node:path';
import { GridError } from '../model/error.ts';
import { maxSecretBytes } from '../model/secret.ts';
import type { Io } from './io.ts';
import { readBounded } from './stdin.ts';

export interface ValueWish {
  readonly name: string;
  /** `null`: it is piped in, or typed. */
  readonly file: string | null;
}

/**
 * The value of a secret. Of a file every byte counts: keys in PEM end with a line break. What is piped in ends with one because
 * `echo` and the like put it there: one is left out.
 */
export async function readValue(io: Io, { name, file }: ValueWish): Promise<string> {
  if (file !== null) {
    const value = readText(await readBounded(resolve(io.cwd, file), maxSecretBytes), file);
    if (/^[^\n]*\n$/.test(value)) io.stderr(lineBreakNote(file));
    return value;
  }
  if (io.stdin.isTerminal) return await io.stdin.ask(`value of ${name} (it is not shown): `);
  // The line break comes on top.
  const piped = await io.stdin.read(maxSecretBytes + 2);
  const value = readText(piped, 'what was piped in').replace(/\r?\n$/, '');
  if (value === '') throw nothing(name);
  return value;
}

function nothing(name: string): GridError {
  return new GridError({
    code: 'invalid-request',
    message: `there is no value for ${name}: nothing was piped in`,
    hint: 'Pipe it in, give a file, --file PATH, or type it in a terminal.',
  });
}

/** Throws `GridError`, without a piece of the text in it. A byte order mark belongs to it. */
export function readText(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new GridError({
      code: 'invalid-request',
      message: `${what} is no UTF-8 text, and a secret is one`,
      hint: 'Encode it, with `base64` for example, and decode it where it is used.',
    });
  }
}

function lineBreakNote(file: string): string {
  return `note: the line break at the end of ${file} is a part of the value; to leave it out: gridops secret seal … < ${file}\n`;
}
