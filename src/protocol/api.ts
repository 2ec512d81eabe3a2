import { Ajv2020 } from 'ajv/dist/2020.js';
import Type from 'typebox';
import { GridError } from '../model/error.ts';
import { text } from './api-parts.ts';

/**
 * Every request and reply of `/api/v1`, as JSON Schema with inferred types: one `-api` file for each noun, and here what
 * belongs to none. Master, command line and OpenAPI document read the same schemas; a reply is cut down to its schema before
 * it leaves the master, so a field that is not there never leaks. Times are milliseconds since the epoch. New optional fields
 * may appear at any time: readers ignore what they do not know.
 */

/** A type as everyone but its writer sees it, arrays included; model types fit without a copy. */
export type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** Any schema of the API, and what a value of it is. */
export type Schema = Type.TSchema;
export type Decoded<T extends Schema> = Frozen<Type.Static<T>>;

export const ApiError = Type.Object({
  error: Type.Object({
    code: Type.String({ description: 'Stable, kebab-case.' }),
    message: text,
    hint: Type.Optional(Type.String({ description: 'What to do next.' })),
  }),
});

export const Version = Type.Object({
  version: text,
  now: Type.Number({ description: "The master's clock, milliseconds since the epoch." }),
});

/** What values are sealed for: the public half of a key that only this master has. */
export const Recipient = Type.Object({
  recipient: Type.String({ description: 'An age recipient: "age1" and 58 characters.' }),
});

export type ApiError = Decoded<typeof ApiError>;
export type Version = Decoded<typeof Version>;
export type Recipient = Decoded<typeof Recipient>;

const ajv = new Ajv2020({ strict: true, allErrors: false });

/**
 * An answer of the API as its type. Throws `GridError` `protocol-violation` that names the first fault: another version of
 * the master, or something else that answers at its address.
 */
export function decodeReply<T extends Schema>(schema: T, value: unknown): Decoded<T> {
  const check = ajv.compile(schema);
  if (check(value)) return value as Decoded<T>;
  const fault = check.errors?.[0];
  throw new GridError({
    code: 'protocol-violation',
    message: `the answer is not what this version expects: ${fault?.instancePath || '/'} ${fault?.message ?? 'is invalid'}`,
    hint: 'Compare `gridops --version` with the version of the master, and check that the address is the master itself.',
  });
}
