import type { Schema } from './document.ts';

type Resolve = (reference: string) => Schema;

/**
 * OpenAPI 3.0 to JSON Schema: `nullable` becomes a union with null (Ajv refuses `nullable` without `type`, which GitHub
 * writes), and references become the ids under which the components are known to Ajv.
 */
export function jsonSchema(schema: Schema): Schema {
  return convert(schema) as Schema;
}

/** `#/components/schemas/status` → `github:status`. */
export function componentId(reference: string): string {
  return `github:${reference.split('/').at(-1)}`;
}

/** The references directly inside a schema. */
export function referencesIn(tree: unknown): readonly string[] {
  if (tree === null || typeof tree !== 'object') return [];
  const inner = Object.values(tree).flatMap(referencesIn);
  const own = (tree as Schema)['$ref'];
  return typeof own === 'string' ? [own, ...inner] : inner;
}

/**
 * Keys of `value` that the schema does not know, as paths (`config.secert`). GitHub's schemas are open, so that no
 * validator complains of a misspelt key, and GitHub itself ignores it without a word.
 */
export function unknownKeys(schema: Schema, value: unknown, resolve: Resolve): readonly string[] {
  if (value === null || typeof value !== 'object') return [];
  const flat = flatten(schema, resolve);
  if (Array.isArray(value)) {
    const items = flat.items;
    return items === null ? [] : value.flatMap((item) => unknownKeys(items, item, resolve));
  }
  if (flat.open || flat.properties.size === 0) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const known = flat.properties.get(key);
    if (known === undefined) return [key];
    return known
      .map((candidate) => unknownKeys(candidate, inner, resolve))
      .reduce((best, found) => (found.length < best.length ? found : best))
      .map((path) => `${key}.${path}`);
  });
}

interface FlatSchema {
  /** A key may have several schemas, one for each branch of a union. */
  readonly properties: Map<string, Schema[]>;
  items: Schema | null;
  open: boolean;
}

function flatten(schema: Schema, resolve: Resolve): FlatSchema {
  const flat: FlatSchema = { properties: new Map(), items: null, open: false };
  collect(schema, resolve, flat);
  return flat;
}

function collect(schema: Schema, resolve: Resolve, flat: FlatSchema): void {
  if (typeof schema['$ref'] === 'string') {
    collect(resolve(schema['$ref']), resolve, flat);
    return;
  }
  for (const [key, inner] of Object.entries((schema['properties'] ?? {}) as Schema)) {
    flat.properties.set(key, [...(flat.properties.get(key) ?? []), inner as Schema]);
  }
  if (schema['additionalProperties'] !== undefined && schema['additionalProperties'] !== false) {
    flat.open = true;
  }
  if (schema['items'] !== undefined) flat.items ??= schema['items'] as Schema;
  for (const union of ['allOf', 'anyOf', 'oneOf']) {
    for (const branch of (schema[union] ?? []) as Schema[]) collect(branch, resolve, flat);
  }
}

function convert(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(convert);
  if (tree === null || typeof tree !== 'object') return tree;
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(tree).map(([key, value]) => [key, convert(value)]),
  );
  // An address whose default is no text at all, as those of deployment statuses: GitHub sends it like that.
  if (rest['default'] === '') delete rest['format'];
  if (typeof rest['$ref'] === 'string') return { $ref: componentId(rest['$ref']) };
  if (nullable === true) return { anyOf: [rest, { type: 'null' }] };
  return nullable === undefined ? rest : { nullable, ...rest };
}
