import { textDigest } from '../model/digest.ts';
import { parseMark, printMark } from '../model/secret.ts';
import { drawFrom, type Seed, seedName } from '../model/seed.ts';
import { type Chance, roll } from './random-values.ts';
import type { VariableEntry } from './variable-schema.ts';

/**
 * How a text of chance is made, all but the seed: whoever has that can make it again, and nobody needs to keep it. It is what
 * the mark of such a text says, with the name of the seed: another seed makes other marks, and so other containers.
 */
export interface Recipe {
  /** Whose it is: grid, stack, variable. */
  readonly path: readonly string[];
  readonly chance: Chance;
  readonly changes: Changes;
}

/** What a variable has done to its text. */
export type Changes = Pick<VariableEntry, (typeof changing)[number]>;

const changing = [
  'encode_64',
  'decode_64',
  'upcase',
  'downcase',
  'strip',
  'chomp',
  'capitalize',
  'hexdigest',
] as const;

export function changesOf(entry: VariableEntry): Changes {
  return Object.fromEntries(
    changing.flatMap((key) => (entry[key] === undefined ? [] : [[key, entry[key]]])),
  );
}

/** In opto's order; the digest is of what the others make. */
export function change(written: string, changes: Changes): string {
  let text = written;
  if (changes.encode_64 === true) text = Buffer.from(text).toString('base64');
  if (changes.decode_64 === true) text = Buffer.from(text, 'base64').toString('utf8');
  if (changes.upcase === true) text = text.toUpperCase();
  if (changes.downcase === true) text = text.toLowerCase();
  if (changes.strip === true) text = text.trim();
  if (changes.chomp === true) text = text.replace(/\r?\n$/, '');
  if (changes.capitalize === true)
    text = text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();
  return changes.hexdigest === undefined || text === ''
    ? text
    : textDigest(changes.hexdigest, text);
}

/** Equal recipes have equal marks, as long as the seed is the same. */
export function markOfChance({ path, chance, changes }: Recipe, seed: Seed): string {
  const name = (path.at(-1) ?? '').replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 255);
  const content = [path, chance, changes, seedName(seed)];
  const id = Buffer.from(JSON.stringify(content)).toString('base64url');
  return printMark({ kind: 'random', name: name === '' ? '_' : name, id });
}

/**
 * What a mark of chance stands for in a grid. `null`: it is no such mark, or was made with another seed, or for another grid:
 * whoever may write this grid's files could else ask for that one's.
 */
export function deriveChance(mark: string, grid: string, seed: Seed): string | null {
  const parsed = parseMark(mark);
  const recipe = parsed?.kind === 'random' ? readRecipe(parsed.id) : null;
  if (recipe === null || recipe.path[0] !== grid || recipe.seed !== seedName(seed)) return null;
  const { value } = roll(recipe.chance, drawFrom(seed, recipe.path));
  return typeof value === 'string' ? change(value, recipe.changes) : null;
}

/** Whether a mark says how a value of this grid is made. */
export function isChanceOf(grid: string, id: string): boolean {
  return readRecipe(id)?.path[0] === grid;
}

/** Anybody can write a mark: what is in it is believed no more than any other text of a file. */
function readRecipe(id: string): (Recipe & { readonly seed: unknown }) | null {
  try {
    const [path, chance, changes, seed] = JSON.parse(
      Buffer.from(id, 'base64url').toString(),
    ) as unknown[];
    const isPath = Array.isArray(path) && path.every((name) => typeof name === 'string');
    if (!isPath || !isChance(chance) || typeof changes !== 'object' || changes === null)
      return null;
    return { path, chance, changes, seed };
  } catch {
    return null;
  }
}

function isChance(value: unknown): value is Chance {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  if (value.kind === 'uuid') return true;
  if (value.kind !== 'string' || !('length' in value) || !('charset' in value)) return false;
  return typeof value.length === 'number' && typeof value.charset === 'string';
}
