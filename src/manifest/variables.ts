import { quote } from './quote.ts';
import type { Report } from './report.ts';
import { giveValue, refuseResolvers } from './resolvers.ts';
import { VariableEntry } from './schema.ts';
import { didYouMean } from './suggest.ts';
import type { Scope } from './template.ts';
import { isNull, type MapNode, type ScalarNode, type TreeNode, valueAt } from './tree.ts';
import { createValidator } from './validate.ts';
import { parseVariable } from './variable-value.ts';

export interface Declaring {
  /** The file's `variables`, with only the built-in ones put in. */
  readonly declared: MapNode | null;
  /** The values that grid.yml gives. */
  readonly given: MapNode | null;
  readonly builtIn: Scope;
  readonly report: Report;
}

const validate = createValidator(VariableEntry);

/** Declarations and given values → what each name stands for. A value that is wrong or missing is reported once, here. */
export function resolveVariables({ declared, given, builtIn, report }: Declaring): Scope {
  const values = new Map(builtIn.values);
  const broken = new Set<string>();
  for (const { key, value: declaration } of declared?.entries.values() ?? []) {
    const name = key.text;
    const fault = builtIn.values.has(name) ? reserved(name) : nameFault(name);
    if (fault !== null) report.error(key, fault);
    if (builtIn.values.has(name)) continue;
    const value = resolve({ key, declaration, given: given?.entries.get(name)?.value, report });
    values.set(name, value ?? null);
    if (value === undefined) broken.add(name);
  }
  for (const { key } of given?.entries.values() ?? []) {
    if (report.isFull()) break;
    if (declared?.entries.has(key.text) !== true) report.error(key, undeclared(key.text, declared));
  }
  return { values, broken };
}

interface Resolving {
  readonly key: ScalarNode;
  readonly declaration: TreeNode;
  readonly given: TreeNode | undefined;
  readonly report: Report;
}

/** `null`: no value, and none needed. `undefined`: it has a problem, which was reported. */
function resolve({ key, declaration, given, report }: Resolving): string | null | undefined {
  const entry = validate(declaration, report);
  if (entry === null) return undefined;
  const own = ['value', 'default'].map((name) => valueAt(declaration, name));
  const written = [given, ...own].find(hasValue(entry));
  const from = valueAt(declaration, 'from');
  // What grid.yml or `value` says is final: then nobody would have been asked.
  const isFinal = written !== undefined && (written === given || entry.value !== undefined);
  const asked = { name: key.text, hasDefault: written !== undefined };
  if (from !== null && !isFinal && refuseResolvers(from, asked, report)) return undefined;
  if (written === undefined) return withoutValue(key, entry, report);
  const options = valueAt(declaration, 'options');
  const parsed = parseVariable({ name: key.text, entry, node: written, options });
  if (parsed.fault !== undefined) report.error(written, parsed.fault);
  return parsed.value;
}

function hasValue(entry: VariableEntry): (node: TreeNode | null | undefined) => node is TreeNode {
  const emptyIsNone = entry.empty_is_nil !== false;
  return (node): node is TreeNode =>
    node !== null &&
    node !== undefined &&
    !isNull(node) &&
    !(emptyIsNone && node.kind === 'scalar' && node.text === '');
}

function withoutValue(key: ScalarNode, entry: VariableEntry, report: Report): null | undefined {
  if (entry.required === false) return null;
  report.error(key, {
    code: 'variable-without-value',
    message: `the variable ${quote(key.text)} has no value`,
    hint: giveValue(key.text),
  });
  return undefined;
}

function nameFault(name: string) {
  if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) return null;
  const hint =
    'A variable has letters, digits, "_" and, for Liquid, "-", and does not begin with a digit.';
  return { code: 'invalid-name', message: `${quote(name)} cannot be used as "\${${name}}"`, hint };
}

function reserved(name: string) {
  return {
    code: 'invalid-name',
    message: `the variable ${quote(name)} is always there and cannot be declared`,
    hint: 'Choose another name.',
  };
}

function undeclared(name: string, declared: MapNode | null) {
  const names = [...(declared?.entries.keys() ?? [])];
  const message = `the stack file declares no variable ${quote(name)}`;
  return { code: 'unknown-variable', message, ...didYouMean(name, names) };
}
