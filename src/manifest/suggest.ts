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
  const known = firstOf(candidates);
  const plain = normal(word);
  const same = known.filter((candidate) => candidate.plain === plain);
  const found =
    closestSpelling(word, same) ??
    otherName(plain, known) ??
    nearest(plain, known) ??
    abbreviated(plain, known) ??
    padded(word, known);
  return found?.name ?? null;
}

interface Candidate {
  readonly name: string;
  /** What of it is compared: without case and separators. */
  readonly plain: string;
}

function firstOf(names: Iterable<string>): readonly Candidate[] {
  const taken: Candidate[] = [];
  for (const name of names) {
    if (taken.length === maxCandidates) break;
    if (name.length <= 2 * maxLength) taken.push({ name, plain: normal(name) });
  }
  return taken;
}

/** `memLimit`, `mem-limit` and `MEM_LIMIT` are one word. */
function normal(word: string): string {
  return word.replaceAll(/[-_. ]/g, '').toLowerCase();
}

/** Of those that differ in case and separators only. */
function closestSpelling(word: string, same: readonly Candidate[]): Candidate | undefined {
  const written = word.toLowerCase();
  return same.find(({ name }) => name.toLowerCase() === written) ?? same[0];
}

function otherName(plain: string, candidates: readonly Candidate[]): Candidate | undefined {
  const names = otherWords(plain);
  return candidates.find(({ name }) => names.includes(name));
}

function nearest(plain: string, candidates: readonly Candidate[]): Candidate | undefined {
  let best: Candidate | undefined;
  let limit = mostEdits(plain);
  for (const candidate of candidates) {
    // People get the first letter right, or get nothing else wrong.
    const isSame = plain[0] === candidate.plain[0];
    const most = isSame ? limit : Math.min(limit, plain.length > 2 ? 1 : 0);
    const distance = editDistance(plain, candidate.plain, most);
    if (distance > most) continue;
    [best, limit] = [candidate, distance - 1];
  }
  return best;
}

/** A single letter is near to nothing. */
function mostEdits(word: string): number {
  return word.length < 2 ? 0 : Math.min(maxEdits, Math.max(1, Math.floor(word.length / 3)));
}

/** `desc` for `description`, when it stands for nothing else. */
function abbreviated(plain: string, candidates: readonly Candidate[]): Candidate | undefined {
  if (plain.length < 4) return undefined;
  const [only, ...more] = candidates.filter((candidate) => candidate.plain.startsWith(plain));
  return more.length === 0 ? only : undefined;
}

/** `image_name` and `portList`: the word, and that it is one. */
function padded(word: string, candidates: readonly Candidate[]): Candidate | undefined {
  const [, core] =
    /^(.{2,}?)[-_. ]?(?:names?|lists?|maps?|values?|vars?|specs?|lines?)$/i.exec(word) ?? [];
  if (core === undefined) return undefined;
  const forms = [normal(core), `${normal(core)}s`];
  return candidates.find((candidate) => forms.includes(candidate.plain));
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours that lead from `a` to `b`; when they are more than `limit`, any
 * number above it. Looks only at what is within the limit, so that long words cost no more than short ones a letter.
 */
function editDistance(a: string, b: string, limit: number): number {
  if (limit < 0 || Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: Math.min(b.length, limit) + 1 }, (_, column) => column);
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
    if (!current.some((distance) => distance <= limit)) return limit + 1;
    [beforeLast, last] = [last, current];
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
