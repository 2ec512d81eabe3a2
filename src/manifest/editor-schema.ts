import { GridFile, StackFile } from './schema.ts';
import { SecretsFile } from './secrets-file.ts';

/** What editors read: our schemas, with templates allowed wherever a value is, and without keywords of our own. */

type Json = Readonly<Record<string, unknown>>;

/** The published schemas by file name (JSON Schema, draft 2020-12). */
export function editorSchemas(): Readonly<Record<string, Json>> {
  return {
    'grid.schema.json': publish('grid', plain(GridFile)),
    'kontena.schema.json': publish('kontena', withTemplates(plain(StackFile))),
    'secrets.schema.json': publish('secrets', plain(SecretsFile)),
  };
}

/** A name and no address: where the files lie is up to whoever uses them. */
function publish(name: string, schema: Json): Json {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:gridops:schema:${name}`,
    title: `gridops ${name}.yml`,
    ...schema,
  };
}

function plain(schema: object): Json {
  return JSON.parse(
    JSON.stringify(schema, (key, value: unknown) =>
      key === 'later' || key === 'refused' ? undefined : value,
    ),
  ) as Json;
}

/** Where variables are never put in. */
const untouched = ['stack', 'version', 'description', 'meta'];

function withTemplates(schema: Json): Json {
  const result: Record<string, unknown> = { ...schema };
  const properties = schema['properties'] as Readonly<Record<string, Json>> | undefined;
  if (properties !== undefined) {
    const entries = Object.entries(properties).map(([key, inner]) => [
      key,
      untouched.includes(key) ? inner : withTemplates(inner),
    ]);
    result['properties'] = Object.fromEntries(entries);
  }
  for (const key of ['items', 'additionalProperties']) {
    const inner = schema[key];
    if (typeof inner === 'object' && inner !== null) result[key] = withTemplates(inner as Json);
  }
  return needsTemplate(schema) ? orTemplate(result) : result;
}

/** Texts without a pattern take templates as they are. */
function needsTemplate(schema: Json): boolean {
  const types = ([] as unknown[]).concat(schema['type'] ?? []);
  if (!types.some((type) => type !== 'object' && type !== 'array' && type !== 'null')) return false;
  return (
    !types.includes('string') || schema['enum'] !== undefined || schema['pattern'] !== undefined
  );
}

/** A text with a variable in it stands for whatever the key wants. */
const template = { type: 'string', pattern: '\\$\\{?[A-Za-z_]' };

// Notes stay outside: editors show those of the key, not of its alternatives.
function orTemplate({ description, default: fallback, examples, ...schema }: Json): Json {
  return {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(examples === undefined ? {} : { examples }),
    anyOf: [schema, template],
  };
}
