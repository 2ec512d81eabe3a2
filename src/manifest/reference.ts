import { stringify } from 'yaml';
import { problemCodes } from '../model/problem-code.ts';
import { type KeyRow, type KeySchema, keyRows, typesOf } from './key-rows.ts';
import { alternatives } from './quote.ts';
import { GridFile, StackFile, VolumeEntry } from './schema.ts';
import { ServiceEntry } from './service-schema.ts';
import { VariableEntry } from './variable-schema.ts';

/** What the documentation says of each key, from the schemas that check it: it cannot say anything else. */

/** Generated parts of the documentation: page → name of the part → Markdown. */
export function references(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return {
    'docs/grid-file.md': { grid: keyTable(GridFile) },
    'docs/stack-file.md': {
      stack: keyTable(StackFile),
      service: keyTable(ServiceEntry),
      volume: keyTable(VolumeEntry),
      variable: keyTable(VariableEntry),
    },
    'docs/grid-repository.md': { problems: codeTable() },
  };
}

function keyTable(schema: object): string {
  return [
    '| Key | Value | Default | Meaning | Example |',
    '|---|---|---|---|---|',
    ...keyRows(schema).map(tableRow),
  ].join('\n');
}

function tableRow({ path, schema, isRequired, example }: KeyRow): string {
  const cells = [
    code(path.join('.')),
    valueWords(schema),
    isRequired ? 'required' : defaultWord(schema.default),
    schema.description ?? '',
    example === undefined ? '' : code(printExample(path.at(-1) ?? '', example)),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

export function printExample(key: string, value: unknown): string {
  return `${key}: ${flow(value)}`;
}

function flow(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 })
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();
}

function defaultWord(value: unknown): string {
  const isNone = value === undefined || (Array.isArray(value) && value.length === 0);
  return isNone ? '' : code(flow(value));
}

const typeWords: Readonly<Record<string, string>> = {
  array: 'list',
  boolean: 'true or false',
  integer: 'whole number',
  number: 'number',
  object: 'map',
  string: 'text',
};

function valueWords(schema: KeySchema): string {
  if (schema.enum !== undefined) return alternatives(schema.enum.map(code));
  const types = typesOf(schema);
  // Where text is welcome, numbers are only another way to write it.
  const shown = types.includes('string')
    ? types.filter((type) => !['number', 'boolean', 'null'].includes(type))
    : types;
  const words = shown.map((type) => typeWords[type] ?? type);
  return [alternatives(words), bounds(schema)].filter((part) => part !== '').join(', ');
}

/** Lengths that nobody reaches are not worth a word. */
const remarkable = 1_024;

function bounds(schema: KeySchema): string {
  const { minimum, exclusiveMinimum, maximum, maxLength } = schema;
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  const parts = [
    minimum === undefined ? '' : `at least ${minimum}`,
    exclusiveMinimum === undefined ? '' : `above ${exclusiveMinimum}`,
    maximum === undefined ? '' : `at most ${maximum}`,
    maxLength === undefined || maxLength > remarkable ? '' : `at most ${maxLength} characters`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function codeTable(): string {
  return [
    '| Code | Meaning |',
    '|---|---|',
    ...problemCodes.map(({ code: name, severity, meaning }) => {
      const kind = severity === 'warning' ? 'Warning. ' : '';
      return `| <a id="${name}"></a>${code(name)} | ${kind}${meaning.replaceAll('|', '\\|')} |`;
    }),
  ].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
