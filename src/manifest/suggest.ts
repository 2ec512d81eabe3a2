import { quote } from './quote.ts';
import { otherWords } from './spellings.ts';

/** Longer words are not compared: nobody misspells a key of that length. */
const maxLength = 64;

const maxCandidates = 1_000;

/** With more edits than these a word is another word, however long it is. */
const maxEdits = 3;

/** The candidate that was probably meant, as a sentence for a hint; nothing when none is near. */
export function didYouMean(word: string, candidates: Iterable<string>): { hint?: string } {
  const near = suggest(word, candidates);
  return near === null ? {} : { hint: `Did you mean ${quote(near)}?` };
}

/**
 * The candidate that says the same in another spelling, else the one that others than us call so, else the nearest one within
 * a third of the word's length in edits (of equally near ones the first), else one that the word abbreviates or pads out.
 */
export function suggest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > maxLength) return null;
  const known = first(candidates, maxCandidates);
  const plain = normal(word);
  const same = known.filter((candidate) => normal(candidate) === plain);
  if (same.length > 0) return nearest(word.toLowerCase(), same, spelled) ?? same[0] ?? null;
  const others = otherWords(plain);
  const called = known.find((candidate) => others.includes(candidate));
  return (
    called ?? nearest(plain, known, normal) ?? abbreviated(plain, known) ?? padded(word, known)
  );
}

function first(candidates: Iterable<string>, most: number): readonly string[] {
  const taken: string[] = [];
  for (const candidate of candidates) {
    if (taken.length === most) break;
    taken.push(candidate);
  }
  return taken;
}

/** `memLimit`, `mem-limit` and `MEM_LIMIT` are one word. */
function normal(word: string): string {
  return word.replaceAll(/[-_. ]/g, '').toLowerCase();
}

function spelled(word: string): string {
  return word.toLowerCase();
}

function nearest(
  word: string,
  candidates: readonly string[],
  read: (candidate: string) => string,
): string | null {
  let best: string | null = null;
  let limit = mostEdits(word);
  for (const candidate of candidates) {
    const other = read(candidate);
    const distance = editDistance(word, other, limit);
    // People get the first letter right, or get nothing else wrong.
    const isFree = distance < 2 && word.length > 2;
    if (distance > limit || (!isFree && word[0] !== other[0])) continue;
    [best, limit] = [candidate, distance - 1];
  }
  return best;
}

/** A single letter is near to nothing. */
function mostEdits(word: string): number {
  return word.length < 2 ? 0 : Math.min(maxEdits, Math.max(1, Math.floor(word.length / 3)));
}

/** `desc` for `description`, when it stands for nothing else. */
function abbreviated(word: string, candidates: readonly string[]): string | null {
  if (word.length < 4) return null;
  const [only, ...more] = candidates.filter((candidate) => normal(candidate).startsWith(word));
  return only !== undefined && more.length === 0 ? only : null;
}

/** `image_name` and `portList`: the word, and that it is one. */
function padded(word: string, candidates: readonly string[]): string | null {
  const [, core] =
    /^(.{2,}?)[-_. ]?(?:names?|lists?|maps?|values?|vars?|specs?|lines?)$/i.exec(word) ?? [];
  if (core === undefined) return null;
  const forms = [normal(core), `${normal(core)}s`];
  return candidates.find((candidate) => forms.includes(normal(candidate))) ?? null;
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours that lead from `a` to `b`; when they are more than `limit`, any
 * number above it. Looks only at what is within the limit, so that long words cost no more than short ones a letter.
 */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = row <= limit ? [row] : [];
    const end = Math.min(b.length, row + limit);
    for (let column = Math.max(1, row - limit); column <= end; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped =
        row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
