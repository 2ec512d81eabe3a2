import { quote } from './quote.ts';

/** Longer words are not compared: the cost grows with the square, and nobody misspells a key of that length. */
const maxLength = 64;

const maxCandidates = 1_000;

/** The candidate that was probably meant, as a sentence for a hint; nothing when none is near. */
export function didYouMean(word: string, candidates: Iterable<string>): { hint?: string } {
  const near = suggest(word, candidates);
  return near === null ? {} : { hint: `Did you mean ${quote(near)}?` };
}

/** The nearest candidate within a third of the word's length in edits; of equally near ones the first. */
export function suggest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > maxLength) return null;
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  let left = maxCandidates;
  for (const candidate of candidates) {
    if (left-- === 0) break;
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions, substitutions and swaps of neighbours that lead from `a` to `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
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
