import Type from 'typebox';
import { nullable } from './schema-parts.ts';
/** Common parts of what the API is asked and answers. */

export const list = <T extends Type.TSchema>(items: T) => Type.Array(items);
export const count = Type.Integer({ minimum: 0 });
export const text = Type.String();
export const Time = Type.Number({ description: 'Milliseconds since the epoch.' });
export const Sha = Type.String({ description: 'Full id of a commit.' });
export const Severity = Type.Enum(['info', 'warning', 'error']);
export const instanceId = { stack: text, service: text, number: Type.Integer({ minimum: 1 }) };
export const Position = Type.Object({ file: text, line: count, column: count });

/** Of a page of a list. */
export const before = nullable(
  Type.String({ description: 'Pass it as `before` for the next, older page; null: no more.' }),
);

/** Requests have nothing that is not known: a slip of the pen would be lost without a word. */
export const closed = { additionalProperties: false } as const;
