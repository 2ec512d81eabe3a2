import type { RawObjects } from './raw-objects.ts';
import { isFile, type RawEntry } from './raw-tree.ts';
import type { Change, TreePath } from './tree-changes.ts';

export interface MoveQuestion {
  readonly objects: RawObjects;
  readonly changes: ReadonlyMap<TreePath, Change>;
  /** Only files that the other side has changed, too: where the others went makes no difference. */
  readonly matters: (path: TreePath) => boolean;
  readonly signal: AbortSignal;
}

// git's: half of the text is the same.
const similar = 0.5;

// Pairs of texts that are looked at. Beyond, only files that are the same to the byte are known to have moved.
const mostPairs = 4_000;

interface Place {
  readonly path: TreePath;
  readonly entry: RawEntry;
}

interface Pair {
  readonly from: Place;
  readonly to: Place;
  readonly score: number;
}

/** Where files that are gone are now: by path, old to new. The most similar pairs count, each file once. */
export async function movedFiles(question: MoveQuestion): Promise<ReadonlyMap<TreePath, TreePath>> {
  const gone: Place[] = [];
  const made: Place[] = [];
  for (const [path, { before, after }] of question.changes) {
    if (before !== null && after === null && isFile(before) && question.matters(path)) {
      gone.push({ path, entry: before });
    }
    if (before === null && after !== null && isFile(after)) made.push({ path, entry: after });
  }
  const same = chosen(pairs(gone, made).filter(({ from, to }) => from.entry.oid === to.entry.oid));
  const taken = new Set(same.values());
  const left = {
    gone: gone.filter(({ path }) => !same.has(path)),
    made: made.filter(({ path }) => !taken.has(path)),
  };
  if (left.gone.length * left.made.length > mostPairs) return same;
  return new Map([...same, ...chosen(await alike(question, pairs(left.gone, left.made)))]);
}

// Of files that are the same to the byte, too: one blob may stand in thousands of places.
const mostCandidates = 200_000;

function pairs(gone: readonly Place[], made: readonly Place[]): readonly Pair[] {
  if (gone.length * made.length > mostCandidates) return [];
  return gone.flatMap((from) => made.map((to) => ({ from, to, score: 1 })));
}

function chosen(found: readonly Pair[]): ReadonlyMap<TreePath, TreePath> {
  const moves = new Map<TreePath, TreePath>();
  const taken = new Set<TreePath>();
  const value = ({ from, to, score }: Pair) =>
    score + (lastName(from.path) === lastName(to.path) ? 0.001 : 0);
  for (const pair of found.toSorted((a, b) => value(b) - value(a))) {
    if (moves.has(pair.from.path) || taken.has(pair.to.path)) continue;
    moves.set(pair.from.path, pair.to.path);
    taken.add(pair.to.path);
  }
  return moves;
}

function lastName(path: TreePath): string {
  return path.slice(path.lastIndexOf('\0') + 1);
}

async function alike(
  { objects, signal }: MoveQuestion,
  candidates: readonly Pair[],
): Promise<readonly Pair[]> {
  const texts = new Map<string, Lines | null>();
  const linesOf = async (oid: string) => {
    const known = texts.get(oid);
    if (known !== undefined) return known;
    signal.throwIfAborted();
    const bytes = await objects.file(oid);
    const lines = bytes === null || bytes.length === 0 ? null : countLines(bytes);
    texts.set(oid, lines);
    return lines;
  };
  const found: Pair[] = [];
  for (const { from, to } of candidates) {
    const [a, b] = [await linesOf(from.entry.oid), await linesOf(to.entry.oid)];
    const score = a === null || b === null ? 0 : similarity(a, b);
    if (score >= similar) found.push({ from, to, score });
  }
  return found;
}

/** How often each line is there. */
interface Lines {
  readonly counts: ReadonlyMap<string, number>;
  readonly bytes: number;
}

function countLines(bytes: Buffer): Lines {
  const counts = new Map<string, number>();
  for (const line of bytes.toString('latin1').split(/(?<=\n)/)) {
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return { counts, bytes: bytes.length };
}

/** The share of the larger text that is in both. */
function similarity(one: Lines, other: Lines): number {
  const larger = Math.max(one.bytes, other.bytes);
  if (Math.min(one.bytes, other.bytes) < larger * similar) return 0;
  let shared = 0;
  for (const [line, count] of one.counts) {
    shared += line.length * Math.min(count, other.counts.get(line) ?? 0);
  }
  return shared / larger;
}
