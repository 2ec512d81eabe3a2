import { hasMark } from '../model/secret.ts';
import { change, changesOf } from './chance.ts';
import { alternatives, quote } from './quote.ts';
import type { Parsed } from './report.ts';
import { type TreeNode, valueAt } from './tree.ts';
import { isSame, type Value, valueText, writtenValue } from './values.ts';
import type { VariableEntry } from './variable-schema.ts';

export interface VariableRules {
  readonly name: string;
  readonly entry: VariableEntry;
  /** The `options` of an enum, as written. */
  readonly options: TreeNode | null;
}

/** A value as it is written or made → the value of the variable's type, if it allows that. `null`: that counts as none. */
export function coerce(rules: VariableRules, written: Value): Parsed<Value> {
  if (typeof written === 'string' && hasMark(written)) return ofSecret(rules, written);
  const made = written === null ? { value: null } : ofType(rules, written);
  if (made.fault !== undefined || made.value === null) return made;
  const { in: allowed } = rules.entry;
  const { value } = made;
  if (allowed === undefined || allowed.some((one) => isSame(one, value))) return made;
  return bad(rules, `must be ${listed(allowed)}, not ${shown(value)}`);
}

/** Nobody here knows what it is: only what takes every text can take it, and as it is. */
function ofSecret(rules: VariableRules, written: string): Parsed<Value> {
  const { type = 'string' } = rules.entry;
  const changes = Object.keys(changesOf(rules.entry));
  if (type !== 'string' && type !== 'uri')
    return secret(rules, `is a secret, and so cannot be of the type ${quote(type)}`);
  if (changes.length > 0)
    return secret(rules, `is a secret, and cannot be changed by ${quote(changes.join(', '))}`);
  return { value: written };
}

function secret({ name }: VariableRules, reason: string): Parsed<never> {
  return {
    fault: {
      code: 'secret-inspected',
      message: `the variable ${quote(name)} ${reason}`,
      hint: 'Its value is not known before it is on its node. Seal it as it is to be used.',
    },
  };
}

/** What a variable of this type is when nobody gives it a value. */
export function withoutValue({
  type,
  nil_is: nilIs,
  nil_is_zero: isZero,
  ...entry
}: VariableEntry): Value {
  if (type === 'boolean')
    return output(entry, nilIs === undefined ? false : isYes(nilIs ?? '', entry));
  if (type === 'integer' && isZero === true) return 0;
  return type === 'array' && entry.empty_is_nil !== true ? ofArray(entry, []) : null;
}

function ofType(rules: VariableRules, written: Value): Parsed<Value> {
  const type = rules.entry.type ?? 'string';
  if (type === 'array') return arrayValue(rules, written);
  if (type === 'group') return { value: written };
  if (typeof written === 'object' && written !== null) {
    const kind = Array.isArray(written) ? 'list' : 'map';
    return bad(rules, `must be a single value, not a ${kind}`);
  }
  const text = valueText(written) ?? '';
  switch (type) {
    case 'string':
      return stringValue(rules, text);
    case 'integer':
      return integerValue(rules, typeof written === 'number' ? String(Math.trunc(written)) : text);
    case 'boolean':
      return booleanValue(rules, text);
    case 'enum':
      return enumValue(rules, text);
    case 'uri':
      return uriValue(rules, text);
  }
}

const maxText = 65_536;

function stringValue(rules: VariableRules, written: string): Parsed<Value> {
  const { entry } = rules;
  const { min_length: least = 0, max_length: most = maxText } = entry;
  if (written.length > maxText) return bad(rules, `must have at most ${maxText} characters`);
  const text = change(written, changesOf(entry));
  if (text.trim() === '' && entry.empty_is_nil !== false) return { value: null };
  if (text.length < least) return bad(rules, `must have at least ${least} characters`);
  if (text.length > most) return bad(rules, `must have at most ${most} characters`);
  return { value: text };
}

/**
 * Negative only when `min` says so, as in Kontena, which also left out the fraction of what was calculated. One that somebody
 * has written is a mistake.
 */
function integerValue(rules: VariableRules, text: string): Parsed<Value> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, nil_is_zero: isZero } = rules.entry;
  if (text.trim() === '') return { value: isZero === true ? 0 : null };
  if (!/^-?(?:0|[1-9]\d{0,14})$/.test(text))
    return bad(rules, `must be a whole number, not ${quote(text)}`);
  const number = Number(text);
  if (number >= min && number <= max) return { value: number };
  return bad(rules, `must be ${number < min ? `at least ${min}` : `at most ${max}`}, not ${text}`);
}

const yes = ['true', 'yes', '1', 'on', 'enabled', 'enable'];
const no = ['false', 'no', '0', 'off', 'disabled', 'disable'];

/** In opto everything that is not true was false; a word that means neither is a mistake here. */
function booleanValue(rules: VariableRules, text: string): Parsed<Value> {
  const { entry } = rules;
  const word = text.trim().toLowerCase();
  if (word === '') return { value: output(entry, isYes(entry.blank_is ?? '', entry)) };
  if (isYes(word, entry)) return { value: output(entry, true) };
  const isNo = no.includes(word) || entry.truthy !== undefined || word === entry.false;
  return isNo
    ? { value: output(entry, false) }
    : bad(rules, `must be true or false, not ${quote(text)}`);
}

function isYes(word: string, { truthy = yes }: VariableEntry): boolean {
  return truthy.some((one) => one.toLowerCase() === word.toLowerCase());
}

function output({ as = 'boolean', ...entry }: VariableEntry, value: boolean): Value {
  const written = value ? entry.true : entry.false;
  switch (as) {
    case 'integer':
      return Number(written ?? (value ? 1 : 0));
    case 'string':
      return written ?? String(value);
    case 'true_or_nil':
      return value ? true : null;
    case 'boolean':
      return written ?? value;
  }
}

function enumValue(rules: VariableRules, text: string): Parsed<Value> {
  if (text === '') return { value: null };
  const allowed = optionsOf(rules.options);
  if (allowed.includes(text) || rules.entry.can_be_other === true) return { value: text };
  if (allowed.length === 0) return bad(rules, 'is an enum without options');
  return bad(rules, `must be ${listed(allowed)}, not ${quote(text)}`);
}

/** A list of values, a list of maps with a `value`, or a map with the values as keys. */
function optionsOf(options: TreeNode | null): readonly string[] {
  if (options === null || options.kind === 'scalar') return [];
  if (options.kind === 'map') return [...options.entries.keys()];
  return options.items.flatMap((item) => {
    const named = item.kind === 'map' ? valueAt(item, 'value') : item;
    // `- github: GitHub` is an option with its label, too.
    const [key] = item.kind === 'map' && named === null ? item.entries.keys() : [];
    const text = key ?? (named === null ? null : valueText(writtenValue(named)));
    return text === null ? [] : [text];
  });
}

function uriValue(rules: VariableRules, text: string): Parsed<Value> {
  if (text.trim() === '') return { value: null };
  const { schemes = ['http', 'https'] } = rules.entry;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined || !URL.canParse(text))
    return bad(rules, `must be an address, not ${quote(text)}`);
  if (schemes.includes(scheme)) return { value: text };
  return bad(
    rules,
    `must begin with ${listed(schemes.map((one) => `${one}:`))}, not ${quote(text)}`,
  );
}

const maxItems = 1_000;

function arrayValue(rules: VariableRules, written: Value): Parsed<Value> {
  const { entry } = rules;
  const items = itemsOf(written, entry.split ?? ',');
  if (items.length > maxItems) return bad(rules, `must have at most ${maxItems} items`);
  if (items.length === 0 && entry.empty_is_nil === true) return { value: null };
  return { value: ofArray(entry, items) };
}

function itemsOf(written: Value, separator: string): readonly Value[] {
  if (Array.isArray(written)) return written;
  const text = valueText(written) ?? '';
  return text === '' ? [] : text.split(separator);
}

function ofArray(entry: VariableEntry, written: readonly Value[]): Value {
  let items = [...written];
  if (entry.sort === true) items.sort((a, b) => compare(valueText(a) ?? '', valueText(b) ?? ''));
  if (entry.uniq === true)
    items = [...new Map(items.map((item) => [valueText(item), item])).values()];
  if (entry.compact === true) items = items.filter((item) => item !== null && item !== '');
  if (typeof entry.join === 'string' && entry.join !== 'false')
    return items.map((item) => valueText(item) ?? '').join(entry.join);
  return entry.count === true ? items.length : items;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function listed(values: readonly (string | null)[]): string {
  return alternatives(values.slice(0, 20).map((value) => quote(value ?? '')));
}

function shown(value: Value): string {
  return quote(valueText(value) ?? '');
}

function bad({ name }: VariableRules, reason: string): Parsed<never> {
  return { fault: { code: 'bad-variable', message: `the variable ${quote(name)} ${reason}` } };
}
