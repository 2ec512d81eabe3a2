import Type from 'typebox';
import type { NameRule } from './names.ts';

/**
 * Building blocks of the schemas. Where a key takes several kinds of value, one schema lists the types instead of a union of
 * schemas: JSON Schema's keywords each look at their own type only, so that a fault is one error and not one a branch.
 */

interface Notes {
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

interface TextLimits extends Notes {
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

/** Text. Numbers are taken as they are written: `user: 1000`, `version: 0.1`. */
export function text(notes: TextLimits = {}) {
  return Type.Unsafe<string>({ type: ['string', 'number'], maxLength: 4_096, ...notes });
}

/** What labels, environment and options hold: any scalar, as it is written. */
export function scalar(notes: TextLimits = {}) {
  const type = ['string', 'number', 'boolean', 'null'];
  return Type.Unsafe<string | null>({ type, maxLength: 131_072, ...notes });
}

export function choice<const W extends string>(words: readonly W[], notes: Notes = {}) {
  return Type.Unsafe<W>({ type: 'string', enum: words, ...notes });
}

export function flag(notes: Notes = {}) {
  return Type.Boolean({ ...notes });
}

export function list<T extends Type.TSchema>(items: T, notes: Notes & { maxItems?: number } = {}) {
  return Type.Array(items, { maxItems: 1_000, ...notes });
}

interface MapLimits extends Notes {
  readonly maxProperties?: number;
  readonly keys?: NameRule;
}

/** Keys of the user's choice, all with the same kind of value. */
export function mapOf<T extends Type.TSchema>(values: T, { keys, ...notes }: MapLimits = {}) {
  return Type.Unsafe<Readonly<Record<string, Type.Static<T>>>>({
    type: 'object',
    ...mapKeywords(values, keys),
    ...notes,
  });
}

/** A single value, or a list of such values. */
export function oneOrList<T extends Type.TSchema>(items: T, notes: TextLimits = {}) {
  const type = ['string', 'number', 'array'];
  const bounds = { maxLength: 131_072, maxItems: 1_000 };
  return Type.Unsafe<string | readonly Type.Static<T>[]>({ type, items, ...bounds, ...notes });
}

/** `key: value` or a list of `key=value`. */
export function mapOrPairs(notes: Notes = {}) {
  return Type.Unsafe<Readonly<Record<string, string | null>> | readonly string[]>({
    type: ['object', 'array'],
    items: text({ maxLength: 131_072 }),
    ...mapKeywords(scalar()),
    maxItems: 2_000,
    ...notes,
  });
}

/** A list of names, or a map with a name as each key. */
export function listOrMap<T extends Type.TSchema>(values: T, notes: Notes = {}) {
  return Type.Unsafe<readonly string[] | Readonly<Record<string, Type.Static<T>>>>({
    type: ['array', 'object'],
    items: text({ maxLength: 255 }),
    ...mapKeywords(values),
    maxItems: 1_000,
    ...notes,
  });
}

/** Text that stands for a map with one key in it. */
export function textOrMap<T extends Record<string, Type.TSchema>>(
  properties: T,
  notes: ClosedNotes = {},
) {
  const schema = closed(properties);
  return Type.Unsafe<string | Type.Static<typeof schema>>({
    ...schema,
    type: ['string', 'object'],
    maxLength: 4_096,
    ...notes,
  });
}

/** `true`, `false` or a map with more to say. */
export function flagOrMap<T extends Record<string, Type.TSchema>>(
  properties: T,
  notes: Notes = {},
) {
  const schema = closed(properties);
  return Type.Unsafe<boolean | Type.Static<typeof schema>>({
    ...schema,
    type: ['boolean', 'object'],
    ...notes,
  });
}

/** A whole number that stands for a map. */
export function integerOrMap<T extends Record<string, Type.TSchema>>(
  properties: T,
  notes: ClosedNotes & { readonly minimum?: number } = {},
) {
  const schema = closed(properties);
  return Type.Unsafe<number | Type.Static<typeof schema>>({
    ...schema,
    type: ['integer', 'object'],
    ...notes,
  });
}

/** Checked by nobody: it means nothing here, or its reader looks at the tree. */
export function anything(notes: Notes = {}) {
  return Type.Unsafe<unknown>({ ...notes });
}

/** A key that can never be acted on here: what is in its way, and what to write instead. */
export interface Refusal {
  readonly message: string;
  readonly hint: string;
}

interface ClosedNotes extends Notes {
  /** Keys of Kontena and Compose that we know of and do not act on yet: a problem, and no suggestion of another key. */
  readonly later?: readonly string[];
  readonly refused?: Readonly<Record<string, Refusal>>;
}

/** A map that knows its keys; others are problems, those that begin with `x-` are the user's own. */
export function closed<T extends Record<string, Type.TSchema>>(
  properties: T,
  notes: ClosedNotes = {},
) {
  return Type.Object(properties, {
    patternProperties: { '^x-': {} },
    additionalProperties: false,
    ...notes,
  });
}

function mapKeywords(values: Type.TSchema, keys?: NameRule): Record<string, unknown> {
  return {
    additionalProperties: values,
    maxProperties: 2_000,
    ...(keys === undefined ? {} : { propertyNames: keys }),
  };
}

/** Any YAML value: what it may be depends on another key. */
export function anyValue(notes: { description?: string; examples?: readonly unknown[] } = {}) {
  const type = ['string', 'number', 'boolean', 'null', 'array', 'object'];
  return Type.Unsafe<unknown>({ type, ...notes });
}

/** Kontena's conditions: it is there only if the variables are as they say. */
export function conditionKeys() {
  return {
    only_if: Type.Optional(
      anyValue({
        description: 'It counts only if these variables have a value, or have these values.',
        examples: [{ GRID: 'demo' }],
      }),
    ),
    skip_if: Type.Optional(
      anyValue({
        description: 'It does not count if one of these variables has a value, or has this one.',
        examples: [{ GRID: 'test' }],
      }),
    ),
  };
}
