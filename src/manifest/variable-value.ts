import { alternatives, quote } from './quote.ts';
import type { Parsed } from './report.ts';
import type { VariableEntry } from './schema.ts';
import { isNull, type TreeNode, valueAt } from './tree.ts';

export interface VariableText {
  readonly name: string;
  readonly entry: VariableEntry;
  readonly node: TreeNode;
  /** The `options` of an enum, as written. */
  readonly options: TreeNode | null;
}

/** A value as it is written → the text that is put in for the variable, if its type allows it. */
export function parseVariable(variable: VariableText): Parsed<string> {
  const { node, entry } = variable;
  if (node.kind !== 'scalar') return bad(variable, `must be a single value, not a ${node.kind}`);
  switch (entry.type ?? 'string') {
    case 'string':
      return parseString(variable, node.text);
    case 'integer':
      return parseInteger(variable, node.text);
    case 'boolean':
      return parseBoolean(variable, node.text);
    case 'enum':
      return parseEnum(variable, node.text);
  }
}

function parseString(variable: VariableText, text: string): Parsed<string> {
  const { min_length: least = 0, max_length: most = 65_536 } = variable.entry;
  if (text.length < least) return bad(variable, `must have at least ${least} characters`);
  if (text.length > most) return bad(variable, `must have at most ${most} characters`);
  return { value: text };
}

/** Negative only when `min` says so, as in Kontena. */
function parseInteger(variable: VariableText, text: string): Parsed<string> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = variable.entry;
  if (!/^-?(?:0|[1-9]\d{0,14})$/.test(text))
    return bad(variable, `must be a whole number, not ${quote(text)}`);
  const number = Number(text);
  if (number >= min && number <= max) return { value: String(number) };
  return bad(
    variable,
    `must be ${number < min ? `at least ${min}` : `at most ${max}`}, not ${text}`,
  );
}

const yes = ['true', 'yes', '1', 'on', 'enabled', 'enable'];
const no = ['false', 'no', '0', 'off', 'disabled', 'disable'];

function parseBoolean(variable: VariableText, text: string): Parsed<string> {
  const word = text.toLowerCase();
  if (yes.includes(word)) return { value: 'true' };
  if (no.includes(word)) return { value: 'false' };
  return bad(variable, `must be true or false, not ${quote(text)}`);
}

function parseEnum(variable: VariableText, text: string): Parsed<string> {
  const allowed = optionsOf(variable.options);
  if (allowed.includes(text)) return { value: text };
  if (allowed.length === 0) return bad(variable, 'is an enum without options');
  return bad(
    variable,
    `must be ${alternatives(allowed.slice(0, 20).map(quote))}, not ${quote(text)}`,
  );
}

/** A list of values, a list of maps with a `value`, or a map with the values as keys. */
function optionsOf(options: TreeNode | null): readonly string[] {
  if (options === null || options.kind === 'scalar') return [];
  if (options.kind === 'map') return [...options.entries.keys()];
  return options.items.flatMap((item) => {
    const value = item.kind === 'map' ? valueAt(item, 'value') : item;
    return value?.kind === 'scalar' && !isNull(value) ? [value.text] : [];
  });
}

function bad({ name }: VariableText, reason: string): Parsed<string> {
  return { fault: { code: 'bad-variable', message: `the variable ${quote(name)} ${reason}` } };
}
