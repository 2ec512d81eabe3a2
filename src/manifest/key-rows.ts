import { VolumeEntry } from './schema.ts';
import { ServiceEntry } from './service-schema.ts';
import { VariableEntry } from './variable-schema.ts';

/** The parts of a JSON Schema that people are told. */
export interface KeySchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly additionalProperties?: KeySchema | boolean;
  readonly items?: KeySchema;
}

/** One key with its place: `deploy.min_health`, `nodes.<name>.labels`. */
export interface KeyRow {
  readonly path: readonly string[];
  readonly schema: KeySchema;
  readonly isRequired: boolean;
  /** A value that can be written there; `undefined`: the schema gives none, and the keys inside have their own. */
  readonly example: unknown;
}

/** Stands for a name that the user chooses. */
export const anyName = '<name>';

/** Kinds of things that have a table of their own. */
const own: readonly object[] = [ServiceEntry, VolumeEntry, VariableEntry];

/** The keys of a map in the schema's order, each followed by the keys inside it. */
export function keyRows(
  of: object,
  path: readonly string[] = [],
  parent?: unknown,
): readonly KeyRow[] {
  const schema = of as KeySchema;
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]): KeyRow[] => {
    const given = Object(parent) as Readonly<Record<string, unknown>>;
    const example = exampleOf(inner) ?? (Object.hasOwn(given, key) ? given[key] : undefined);
    const isRequired = schema.required?.includes(key) === true;
    const row = { path: [...path, key], schema: inner, isRequired, example };
    return [row, ...innerRows(row)];
  });
}

function innerRows({ path, schema, example }: KeyRow): readonly KeyRow[] {
  const values = schema.additionalProperties;
  const named =
    typeof values === 'object' && !own.includes(values) ? keyRows(values, [...path, anyName]) : [];
  const last = path.at(-1) ?? '';
  const listed =
    schema.items === undefined ? [] : keyRows(schema.items, [...path.slice(0, -1), `${last}[]`]);
  return [...keyRows(schema, path, example), ...named, ...listed];
}

/** Words and switches are their own examples, as long as the example is not what holds anyway. */
function exampleOf(schema: KeySchema): unknown {
  if (schema.examples !== undefined) return schema.examples[0];
  if (schema.enum !== undefined)
    return schema.enum.find((word) => word !== schema.default) ?? schema.enum[0];
  return typesOf(schema).includes('boolean') && !typesOf(schema).includes('string')
    ? schema.default !== true
    : undefined;
}

export function typesOf({ type = [] }: KeySchema): readonly string[] {
  return typeof type === 'string' ? [type] : type;
}
