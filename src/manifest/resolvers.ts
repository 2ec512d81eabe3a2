import { hasMark } from '../model/secret.ts';
import type { TextFile } from '../model/source.ts';
import { type Conditions, holds } from './conditions.ts';
import { evaluate } from './evaluate.ts';
import { quote } from './quote.ts';
import type { Chance } from './random-values.ts';
import { readTree, type Tree } from './read.ts';
import type { Fault, Parsed, Report } from './report.ts';
import type { SecretBook } from './secrets-file.ts';
import { resolvePath } from './source-path.ts';
import type { Sources } from './sources.ts';
import { didYouMean } from './suggest.ts';
import { expand, referencesOf } from './template.ts';
import { isNull, type ScalarNode, type TreeNode, valueAt } from './tree.ts';
import { type Value, valueText, writtenValue } from './values.ts';

/** One resolver as a variable's `from` names it, with what it is told. */
export interface Wish {
  readonly resolver: ScalarNode;
  readonly hint: TreeNode | null;
}

/** What resolvers may look at. */
export interface Surroundings {
  /** The variable that a value is looked for. */
  readonly name: string;
  readonly conditions: Conditions;
  readonly sources: Sources;
  readonly secrets: SecretBook;
  readonly report: Report;
  /** The chance of this variable. */
  readonly roll: (chance: Chance) => Parsed<Value>;
  /** Whether one more file may be looked into. */
  readonly mayRead: () => boolean;
}

/** Resolvers that ask a person, a terminal, this machine or a running master: a commit must mean the same everywhere. */
const asking = [
  'certificates',
  'env',
  'prompt',
  'service_instances',
  'service_link',
  'vault_cert_prompt',
];

type Resolver = (hint: TreeNode | null, around: Surroundings) => Parsed<Value>;

const resolvers: ReadonlyMap<string, Resolver> = new Map<string, Resolver>([
  ['condition', fromCondition],
  ['evaluate', fromCalculation],
  ['file', fromFile],
  ['interpolate', fromTemplate],
  ['random_number', fromRandomNumber],
  ['random_string', fromRandomString],
  ['random_uuid', (_, { roll }) => roll({ kind: 'uuid' })],
  ['variable', fromVariable],
  ['vault', fromVault],
  ['yaml', fromYaml],
]);

/** Whether the resolver can only be answered by somebody: its value has to come from grid.yml. */
export function asksSomebody({ resolver }: Wish): boolean {
  return asking.includes(resolver.text);
}

/** The resolver's value; `null`: it has none, and the next one is tried. */
export function resolveWish({ resolver, hint }: Wish, around: Surroundings): Parsed<Value> {
  const known = resolvers.get(resolver.text);
  return known === undefined ? { fault: unknown(resolver.text) } : known(hint, around);
}

/** `from: env`, `from: {env: NAME, prompt: …}` and lists of either, in the order in which they are tried. */
export function wishesOf(from: TreeNode): readonly Wish[] {
  if (isNull(from)) return [];
  if (from.kind === 'scalar') return [{ resolver: from, hint: null }];
  if (from.kind === 'list') return from.items.flatMap(wishesOf);
  return Array.from(from.entries.values(), ({ key, value }) => ({ resolver: key, hint: value }));
}

/** The names under which `env` would have looked for a value: grid.yml may use them too. */
export function environmentNames({ resolver, hint }: Wish): readonly string[] {
  if (resolver.text !== 'env' || hint === null) return [];
  const items = hint.kind === 'list' ? hint.items : [hint];
  return items.flatMap((item) => (item.kind === 'scalar' && item.text !== '' ? [item.text] : []));
}

function fromVariable(hint: TreeNode | null, around: Surroundings): Parsed<Value> {
  if (hint?.kind !== 'scalar') return wrong('variable', 'the name of a variable');
  return lookUp(hint.text, around);
}

function lookUp(name: string, { conditions }: Surroundings): Parsed<Value> {
  const value = conditions.lookup(name);
  if (value !== undefined) return { value };
  const message = `the variable ${quote(name)} is not declared`;
  return {
    fault: { code: 'undefined-variable', message, ...didYouMean(name, conditions.names()) },
  };
}

/** Its texts are templates of their own: every name in them must have a value. */
function fromTemplate(hint: TreeNode | null, around: Surroundings): Parsed<Value> {
  if (hint?.kind !== 'scalar') return wrong('interpolate', 'a text');
  return fill(hint.text, around);
}

function fill(template: string, around: Surroundings): Parsed<string> {
  const values = new Map<string, string | null>();
  for (const { name } of referencesOf(template)) {
    const found = lookUp(name, around);
    if (found.fault !== undefined) return found;
    values.set(name, valueText(found.value));
  }
  const { text, faults } = expand(template, { values }, 65_536);
  const [fault] = faults;
  return fault === undefined ? { value: text } : { fault };
}

function fromCalculation(hint: TreeNode | null, around: Surroundings): Parsed<Value> {
  if (hint?.kind !== 'scalar') return wrong('evaluate', 'a calculation');
  const filled = fill(hint.text, around);
  if (filled.fault !== undefined) return filled;
  return hasMark(filled.value) ? inspected('evaluate') : evaluate(filled.value);
}

/** The first whose condition holds; without one and without `else`: no value. */
function fromCondition(hint: TreeNode | null, { conditions }: Surroundings): Parsed<Value> {
  const form = 'a list of "if" or "elsif" with "then", and "else" at its end';
  if (hint?.kind !== 'list') return wrong('condition', form);
  for (const item of hint.items) {
    const otherwise = valueAt(item, 'else');
    if (otherwise !== null) return { value: writtenValue(otherwise) };
    const condition = valueAt(item, 'if') ?? valueAt(item, 'elsif');
    if (condition === null) return isElse(item) ? { value: null } : wrong('condition', form);
    const result = item.kind === 'map' ? item.entries.get('then')?.value : undefined;
    if (result === undefined) return wrong('condition', form);
    if (holds(condition, conditions)) return { value: writtenValue(result) };
  }
  return { value: null };
}

function isElse(item: TreeNode): boolean {
  return item.kind === 'map' && item.entries.has('else');
}

/** A file of the repository: no other place is the same for everybody. */
function fromFile(hint: TreeNode | null, { sources, mayRead }: Surroundings): Parsed<Value> {
  const path = hint?.kind === 'map' ? valueAt(hint, 'path') : hint;
  if (path?.kind !== 'scalar') return wrong('file', 'a path, or a map with "path"');
  if (!mayRead()) return tooMany;
  const text = openFile(path, sources);
  const lax = hint?.kind === 'map' ? valueAt(hint, 'ignore_errors') : null;
  const mayFail = lax?.kind === 'scalar' && lax.text === 'true';
  if (text.fault !== undefined) return mayFail ? { value: null } : text;
  return { value: text.value.text };
}

function openFile(path: ScalarNode, sources: Sources): Parsed<TextFile> {
  const resolved = resolvePath(path.file, path.text);
  return resolved.fault === undefined ? sources.open(resolved.value) : resolved;
}

/** A value in a YAML file, or in a text that is YAML. Dots in the key lead into maps. */
function fromYaml(hint: TreeNode | null, around: Surroundings): Parsed<Value> {
  const form = 'a map with "file" or "variable", and with "key"';
  if (hint?.kind !== 'map') return wrong('yaml', form);
  if (!around.mayRead()) return tooMany;
  const [file, variable, key] = ['file', 'variable', 'key'].map((name) => valueAt(hint, name));
  const tree =
    file?.kind === 'scalar'
      ? treeOfFile(file, around.sources)
      : variable?.kind === 'scalar'
        ? treeOfVariable(variable, around)
        : wrong('yaml', form);
  if (tree.fault !== undefined) return tree;
  const { root, problems } = tree.value;
  const [problem] = problems;
  if (root === null) return { fault: { code: 'bad-resolver', message: problem?.message ?? form } };
  const steps = key?.kind === 'scalar' ? key.text.split('.') : [];
  const found = steps.reduce<TreeNode | null>((node, step) => node && valueAt(node, step), root);
  return { value: found === null ? null : writtenValue(found) };
}

function treeOfFile(path: ScalarNode, sources: Sources): Parsed<Tree> {
  const opened = openFile(path, sources);
  return opened.fault === undefined ? { value: sources.tree(opened.value) } : opened;
}

function treeOfVariable(variable: ScalarNode, around: Surroundings): Parsed<Tree> {
  const found = lookUp(variable.text, around);
  if (found.fault !== undefined) return found;
  const text = valueText(found.value) ?? '';
  if (hasMark(text)) return inspected('yaml');
  return { value: readTree({ kind: 'text', path: variable.file, blob: '', text }) };
}

/** What the grid has sealed under that name stands in for Kontena's vault. */
function fromVault(hint: TreeNode | null, { secrets }: Surroundings): Parsed<Value> {
  if (hint?.kind !== 'scalar') return wrong('vault', 'the name of a secret');
  return { value: secrets.mark('secret', hint.text) };
}

function fromRandomString(hint: TreeNode | null, { roll }: Surroundings): Parsed<Value> {
  const length = hint?.kind === 'map' ? valueAt(hint, 'length') : hint;
  const charset = hint?.kind === 'map' ? valueAt(hint, 'charset') : null;
  if (length?.kind !== 'scalar') return wrong('random_string', 'a length, or a map with "length"');
  const characters = charset?.kind === 'scalar' ? charset.text : 'alphanumeric';
  return roll({ kind: 'string', length: Number(length.text), charset: characters });
}

function fromRandomNumber(hint: TreeNode | null, { roll }: Surroundings): Parsed<Value> {
  const [min, max] = ['min', 'max'].map((key) => (hint === null ? null : valueAt(hint, key)));
  if (min?.kind !== 'scalar' || max?.kind !== 'scalar')
    return wrong('random_number', 'a map with "min" and "max"');
  return roll({ kind: 'number', min: Number(min.text), max: Number(max.text) });
}

const tooMany = {
  fault: {
    code: 'bad-resolver',
    message: 'the variables of this stack look into too many files',
    hint: 'Put what they look for into fewer files, or into grid.yml.',
  },
} as const;

function wrong(resolver: string, wanted: string): { readonly fault: Fault } {
  const message = `the resolver ${quote(resolver)} needs ${wanted}`;
  return { fault: { code: 'bad-resolver', message } };
}

/** A resolver would have to look at a value that is not known before it is on its node. */
function inspected(resolver: string): { readonly fault: Fault } {
  const message = `${quote(resolver)} would have to read a secret, which only its node can`;
  return { fault: { code: 'secret-inspected', message } };
}

function unknown(resolver: string): Fault {
  const message = `there is no resolver ${quote(resolver)}`;
  const all = [...asking, ...resolvers.keys()];
  return { code: 'bad-resolver', message, ...didYouMean(resolver, all) };
}
