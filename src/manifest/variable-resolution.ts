import { hasMark } from '../model/secret.ts';
import type { Seed } from '../model/seed.ts';
import { changesOf, markOfChance } from './chance.ts';
import { isWanted } from './conditions.ts';
import { quote } from './quote.ts';
import type { Report } from './report.ts';
import { unknownSecret } from './secret-faults.ts';
import { type Entry, mapNode, scalarNode, type TreeNode, valueAt } from './tree.ts';
import { createValidator } from './validate.ts';
import { type Value, valueText } from './values.ts';
import { unresolvable, withoutAnyValue } from './variable-faults.ts';
import { VariableEntry } from './variable-schema.ts';
import { coerce, withoutValue } from './variable-types.ts';
import {
  type Budget,
  type Declaring,
  type Found,
  type Frame,
  findValue,
  isVault,
  namesOf,
  type Origin,
  owned,
  type Resolving,
} from './variable-value.ts';

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

function missing(key: Entry['key'], { unanswered }: Found, resolving: Resolving): Resolved {
  const { report, secrets } = resolving;
  const variable = owned(key.text, resolving);
  const [asked] = unanswered;
  const vaults = unanswered.filter(isVault);
  for (const { hint } of vaults)
    if (hint?.kind === 'scalar') report.error(hint, unknownSecret('secret', hint.text, secrets));
  if (asked === undefined) report.error(key, withoutAnyValue(variable));
  else if (vaults.length === 0)
    report.error(asked.resolver, unresolvable(variable, namesOf(unanswered)));
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
