import type { Position } from '../model/problem.ts';
import { hasMark } from '../model/secret.ts';
import { drawFrom, type Seed } from '../model/seed.ts';
import { changesOf, markOfChance, type Recipe } from './chance.ts';
import { type Conditions, isWanted } from './conditions.ts';
import { quote } from './quote.ts';
import { type Chance, roll } from './random-values.ts';
import type { Parsed, Report } from './report.ts';
import {
  asksSomebody,
  environmentNames,
  giveValue,
  ignored,
  resolveWish,
  type Surroundings,
  unresolvable,
  type Wish,
  wishesOf,
} from './resolvers.ts';
import { unknownSecret } from './secret-faults.ts';
import type { SecretBook } from './secrets-file.ts';
import type { Sources } from './sources.ts';
import type { Scope } from './template.ts';
import {
  type Entry,
  isNull,
  type MapNode,
  mapNode,
  scalarNode,
  type TreeNode,
  valueAt,
} from './tree.ts';
import { createValidator } from './validate.ts';
import { type Value, valueText, writtenValue } from './values.ts';
import { VariableEntry } from './variable-schema.ts';
import { coerce, withoutValue } from './variable-types.ts';

export interface Declaring {
  /** The file's `variables`, with only the built-in ones put in. */
  readonly declared: MapNode | null;
  /** The values that grid.yml gives. */
  readonly given: MapNode | null;
  readonly builtIn: Scope;
  /** What values of chance are derived from, and whose they are: grid and stack. */
  readonly seed: Seed;
  readonly owner: readonly string[];
  readonly sources: Sources;
  readonly secrets: SecretBook;
  readonly report: Report;
}

/** Where a variable's value is from: the first of these that has one. */
export interface Origin {
  readonly kind: 'built-in' | 'given' | 'value' | 'resolver' | 'default' | 'type' | 'none';
  /** The name of the resolver. */
  readonly resolver?: string;
  /** Where it is written; not of built-in ones. */
  readonly at?: Position;
}

const validate = createValidator(VariableEntry);

/** Longer chains of variables that need each other help nobody, and every link is a level of our own stack, also in a group. */
const maxChain = 50;

export interface Resolved {
  readonly value: Value;
  readonly origin: Origin;
  /** Chance or a secret is in it. */
  readonly isSecret?: boolean;
  /** It has a problem, which was reported. */
  readonly isBroken: boolean;
}

const nothing: Resolved = { value: null, origin: { kind: 'none' }, isBroken: false };
export const broken: Resolved = { ...nothing, isBroken: true };

/** What the variables of one stack may still cost together. */
export interface Budget {
  characters: number;
  files: number;
  /** How many are being resolved: those of a group, and what the group needs, too. */
  depth: number;
}

/** The variable that is being resolved. */
interface Frame {
  readonly name: string;
  /** It asked for one with a problem: whatever else is found wrong only follows from that. */
  isSpoiled: boolean;
  isSecret: boolean;
}

/** `undefined`: no variable of that name. Each is resolved once, when it is first asked for. */
type Resolution = (name: string) => Resolved | undefined;

export function createResolution(
  input: Declaring & { readonly budget: Budget },
  outside: (name: string) => Value | undefined,
): Resolution {
  const { declared, budget } = input;
  const done = new Map<string, Resolved>();
  const frames: Frame[] = [];
  const report: Report = {
    ...input.report,
    error: (place, fault) => {
      if (frames.at(-1)?.isSpoiled !== true) input.report.error(place, fault);
    },
  };
  const names = () => declared?.entries.keys() ?? [];
  const lookup = (name: string) => {
    const own = resolve(name);
    const frame = frames.at(-1);
    if (own === undefined || frame === undefined) return outside(name);
    frame.isSpoiled ||= own.isBroken;
    frame.isSecret ||= own.isSecret === true;
    return own.value;
  };

  function resolve(name: string): Resolved | undefined {
    const entry = declared?.entries.get(name);
    if (entry === undefined) return undefined;
    const known = done.get(name);
    if (known !== undefined) return known;
    const chain = frames.map((frame) => frame.name);
    const fault = chain.includes(name) ? cycle([...chain, name]) : null;
    if (fault !== null || budget.depth >= maxChain) {
      report.error(entry.key, fault ?? tooDeep);
      return broken;
    }
    const frame: Frame = { name, isSpoiled: false, isSecret: false };
    frames.push(frame);
    budget.depth += 1;
    const conditions = { lookup, names, report };
    const resolved = resolveOne(entry, { ...input, report, conditions, frame });
    const paid = pay(resolved, entry, { budget, report });
    const text = valueText(paid.value);
    frame.isSecret ||= text !== null && hasMark(text);
    if (frame.isSecret && text !== null && !hasMark(text)) report.conceal(text);
    budget.depth -= 1;
    frames.pop();
    done.set(name, frame.isSpoiled ? broken : { ...paid, isSecret: frame.isSecret });
    return done.get(name);
  }

  return resolve;
}

function pay(
  resolved: Resolved,
  { key }: Entry,
  { budget, report }: { readonly budget: Budget; readonly report: Report },
): Resolved {
  budget.characters -= valueText(resolved.value)?.length ?? 0;
  if (budget.characters >= 0) return resolved;
  const message = 'the values of the variables up to here are too large together';
  report.error(key, { code: 'interpolation-too-large', message });
  return broken;
}

type Resolving = Declaring & {
  readonly conditions: Conditions;
  readonly budget: Budget;
  readonly frame: Frame;
};

function resolveOne({ key, value: written }: Entry, resolving: Resolving): Resolved {
  const { report, conditions } = resolving;
  const declaration = spread(written);
  const entry = validate(declaration, report);
  if (entry === null) return broken;
  if (!isWanted(declaration, conditions)) return nothing;
  if (entry.type === 'group') return resolveGroup(key.text, declaration, resolving);
  const found = findValue({ name: key.text, declaration, entry }, resolving);
  if (found === null) return broken;
  if (resolving.frame.isSecret) report.conceal(valueText(found.value));
  const made = coerce(
    { name: key.text, entry, options: valueAt(declaration, 'options') },
    found.value,
  );
  if (made.fault !== undefined) {
    report.error(found.origin.at ?? key, made.fault);
    return broken;
  }
  // What a person would have been asked is not answered by the type.
  const isOpen = found.unanswered.some(({ resolver }) => resolver.text !== 'env');
  const known = { ...made, value: marked(made.value, found, { entry, seed: resolving.seed }) };
  const value = known.value ?? (isOpen ? null : withoutValue(entry));
  if (value !== null)
    return { value, origin: made.value === null ? byType : found.origin, isBroken: false };
  return entry.required === false ? nothing : missing(key, found, resolving);
}

/** A text of chance is a secret: what is known from here on is how to make it again. */
function marked(
  value: Value,
  { recipe }: Found,
  { entry, seed }: { readonly entry: VariableEntry; readonly seed: Seed },
): Value {
  if (recipe === undefined || typeof value !== 'string') return value;
  return markOfChance({ ...recipe, changes: changesOf(entry) }, seed);
}

const byType: Origin = { kind: 'type' };

interface Found {
  readonly value: Value;
  readonly origin: Origin;
  /** Resolvers that somebody would have had to answer. */
  readonly unanswered: readonly Wish[];
  /** Of a value that is chance and nothing else. */
  readonly recipe?: Omit<Recipe, 'changes'>;
}

interface Wanted {
  readonly name: string;
  readonly declaration: TreeNode;
  readonly entry: VariableEntry;
}

/** `null` after a problem of a resolver was reported. */
function findValue({ name, declaration, entry }: Wanted, resolving: Resolving): Found | null {
  const { given, report } = resolving;
  const from = valueAt(declaration, 'from');
  const wishes = from === null ? [] : wishesOf(from);
  for (const own of [name, ...wishes.flatMap(environmentNames)]) {
    const node = given?.entries.get(own)?.value;
    if (node !== undefined && hasValue(node, entry)) return at('given', node);
  }
  const fixed = valueAt(declaration, 'value');
  if (fixed !== null && hasValue(fixed, entry)) return at('value', fixed);
  for (const wish of wishes) {
    if (asksSomebody(wish)) continue;
    const dice = createDice(name, entry, resolving);
    const { value, fault } = resolveWish(wish, surroundings(name, dice, resolving));
    if (fault !== undefined) report.error(wish.hint ?? wish.resolver, fault);
    if (fault !== undefined) return null;
    const origin = { kind: 'resolver', resolver: wish.resolver.text, at: wish.resolver } as const;
    if (value !== null && value !== '')
      return { value, origin, unanswered: [], ...dice.recipeOf(entry) };
  }
  const unanswered = wishes.filter((wish) => asksSomebody(wish) || isVault(wish));
  const fallback = valueAt(declaration, 'default');
  if (fallback === null || !hasValue(fallback, entry))
    return { value: null, origin: { kind: 'none' }, unanswered };
  for (const { resolver } of unanswered.filter((wish) => !isVault(wish)))
    report.warn(resolver, ignored(resolver.text, name));
  return at('default', fallback);
}

function at(kind: Origin['kind'], node: TreeNode): Found {
  return { value: writtenValue(node), origin: { kind, at: node }, unanswered: [] };
}

/** An empty text is no value, except where the variable says that it is one. */
function hasValue(node: TreeNode, { empty_is_nil: emptyIsNone = true }: VariableEntry): boolean {
  return !isNull(node) && !(emptyIsNone && node.kind === 'scalar' && node.text === '');
}

function isVault({ resolver }: Wish): boolean {
  return resolver.text === 'vault';
}

/** The chance of one variable. */
interface Dice {
  readonly roll: (chance: Chance) => Parsed<Value>;
  /** How the last value came about, where that is a text that nothing but chance is in. */
  readonly recipeOf: (entry: VariableEntry) => { readonly recipe?: Omit<Recipe, 'changes'> };
}

function createDice(
  name: string,
  { generation }: VariableEntry,
  { seed, owner, frame }: Resolving,
): Dice {
  const path = [...owner, name, ...(generation === undefined ? [] : [String(generation)])];
  let rolled: Chance | null = null;
  return {
    roll(chance) {
      frame.isSecret = true;
      rolled = chance;
      return roll(chance, drawFrom(seed, path));
    },
    recipeOf: ({ type = 'string' }) =>
      rolled === null || rolled.kind === 'number' || type !== 'string'
        ? {}
        : { recipe: { path, chance: rolled } },
  };
}

function surroundings(
  name: string,
  dice: Dice,
  { conditions, sources, secrets, report, budget }: Resolving,
): Surroundings {
  const mayRead = (): boolean => {
    budget.files -= 1;
    return budget.files >= 0;
  };
  return { name, conditions, sources, secrets, report, roll: dice.roll, mayRead };
}

function missing(
  key: Entry['key'],
  { unanswered }: Found,
  { report, secrets }: Resolving,
): Resolved {
  const name = key.text;
  for (const wish of unanswered) {
    const { resolver, hint } = wish;
    if (isVault(wish) && hint?.kind === 'scalar')
      report.error(hint, unknownSecret('secret', hint.text, secrets));
    else report.error(resolver, unresolvable(resolver.text, name));
  }
  if (unanswered.length === 0)
    report.error(key, {
      code: 'variable-without-value',
      message: `the variable ${quote(name)} has no value`,
      hint: giveValue(name),
    });
  return broken;
}

/** Its variables see each other, and those around the group. */
function resolveGroup(name: string, declaration: TreeNode, resolving: Resolving): Resolved {
  const { conditions, given, owner, frame } = resolving;
  const variables = valueAt(declaration, 'variables');
  const declared = variables?.kind === 'map' ? variables : null;
  const values = given?.entries.get(name)?.value;
  const inner = {
    ...resolving,
    declared,
    given: values?.kind === 'map' ? values : null,
    owner: [...owner, name],
  };
  const resolve = createResolution(inner, conditions.lookup);
  const members = [...(declared?.entries.keys() ?? [])].map(
    (own) => [own, resolve(own) ?? broken] as const,
  );
  const value = Object.fromEntries(members.map(([own, member]) => [own, member.value]));
  const isBroken = members.some(([, member]) => member.isBroken);
  frame.isSecret ||= members.some(([, member]) => member.isSecret === true);
  return { value, origin: { kind: 'type', at: declaration }, isBroken };
}

/** `validate` and `transform` are options like those beside them, which win. */
function spread(declaration: TreeNode): TreeNode {
  if (declaration.kind !== 'map') return declaration;
  const { entries } = declaration;
  const inner = ['validate', 'transform'].flatMap((key) => optionsIn(valueAt(declaration, key)));
  if (inner.length === 0) return declaration;
  return mapNode(declaration, new Map([...inner, ...entries]));
}

/** A map of options, or a list of those that are switched on. */
function optionsIn(node: TreeNode | null): readonly (readonly [string, Entry])[] {
  if (node === null) return [];
  if (node.kind === 'map') return [...node.entries];
  const items = node.kind === 'list' ? node.items : [node];
  return items.flatMap((item) =>
    item.kind === 'scalar'
      ? [[item.text, { key: item, value: scalarNode(item, 'true', true) }] as const]
      : [],
  );
}

function cycle(names: readonly string[]) {
  const path = names.slice(names.indexOf(names.at(-1) ?? '')).map((name) => quote(name));
  return {
    code: 'variable-cycle',
    message: `variables need each other: ${path.slice(0, 20).join(' → ')}`,
    hint: 'Give one of them a value.',
  };
}

const tooDeep = {
  code: 'variable-cycle',
  message: `variables need each other more than ${maxChain} deep`,
  hint: 'Give one of them a value.',
};
