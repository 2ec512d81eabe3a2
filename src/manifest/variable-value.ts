import type { Position } from '../model/problem.ts';
import { drawFrom, type Seed } from '../model/seed.ts';
import type { Recipe } from './chance.ts';
import type { Conditions } from './conditions.ts';
import { type Chance, roll } from './random-values.ts';
import type { Parsed, Report } from './report.ts';
import {
  asksSomebody,
  environmentNames,
  resolveWish,
  type Surroundings,
  type Wish,
  wishesOf,
} from './resolvers.ts';
import type { SecretBook } from './secrets-file.ts';
import type { Sources } from './sources.ts';
import type { Scope } from './template.ts';
import { isNull, type MapNode, type TreeNode, valueAt } from './tree.ts';
import { type Value, writtenValue } from './values.ts';
import { ignored, type OwnedVariable } from './variable-faults.ts';
import type { VariableEntry } from './variable-schema.ts';

export interface Declaring {
  /** The file's `variables`, with only the built-in ones put in. */
  readonly declared: MapNode | null;
  /** The values that grid.yml gives. */
  readonly given: MapNode | null;
  readonly builtIn: Scope;
  /** What values of chance are derived from, and whose they are: grid and stack. */
  readonly seed: Seed;
  readonly owner: readonly string[];
  /** They are declared in a file that is extended. */
  readonly isExtended: boolean;
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

/** What the variables of one stack may still cost together. */
export interface Budget {
  characters: number;
  files: number;
  /** How many are being resolved: those of a group, and what the group needs, too. */
  depth: number;
}

/** The variable that is being resolved. */
export interface Frame {
  readonly name: string;
  /** It asked for one with a problem: whatever else is found wrong only follows from that. */
  isSpoiled: boolean;
  isSecret: boolean;
}

export type Resolving = Declaring & {
  readonly conditions: Conditions;
  readonly budget: Budget;
  readonly frame: Frame;
};

export interface Found {
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

/** The first that there is of what may give a variable its value. `null` after a problem of a resolver was reported. */
export function findValue(
  { name, declaration, entry }: Wanted,
  resolving: Resolving,
): Found | null {
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
  const [first, ...more] = unanswered.filter((wish) => !isVault(wish));
  if (first !== undefined)
    report.warn(first.resolver, ignored(owned(name, resolving), namesOf([first, ...more])));
  return at('default', fallback);
}

function at(kind: Origin['kind'], node: TreeNode): Found {
  return { value: writtenValue(node), origin: { kind, at: node }, unanswered: [] };
}

/** An empty text is no value, except where the variable says that it is one. */
function hasValue(node: TreeNode, { empty_is_nil: emptyIsNone = true }: VariableEntry): boolean {
  return !isNull(node) && !(emptyIsNone && node.kind === 'scalar' && node.text === '');
}

export function owned(name: string, { owner, isExtended }: Resolving): OwnedVariable {
  return { name, owner, isExtended };
}

export function namesOf(wishes: readonly Wish[]): readonly string[] {
  return wishes.map(({ resolver }) => resolver.text);
}

/** Kontena's vault: what the grid has sealed. */
export function isVault({ resolver }: Wish): boolean {
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
