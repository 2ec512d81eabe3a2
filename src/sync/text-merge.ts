import { diffLines, type Hunk } from './line-diff.ts';

export interface ThreeTexts {
  readonly base: Buffer;
  readonly ours: Buffer;
  readonly theirs: Buffer;
}

/**
 * Both sides' changes of one file; null where they overlap or touch and are not the same, and where it is not text.
 * Bytes are read as one character each, so whatever encoding it is stays as it is.
 */
export function mergeText({ base, ours, theirs }: ThreeTexts): Buffer | null {
  if ([base, ours, theirs].some(isBinary)) return null;
  const lines = { base: linesOf(base), ours: linesOf(ours), theirs: linesOf(theirs) };
  const merged = mergeLines(lines);
  return merged === null ? null : Buffer.from(merged.join(''), 'latin1');
}

// As far as git looks.
const looked = 8_000;

function isBinary(bytes: Buffer): boolean {
  return bytes.subarray(0, looked).includes(0);
}

/** With their ends: a last line without one is another line. */
function linesOf(bytes: Buffer): readonly string[] {
  return bytes.toString('latin1').split(/(?<=\n)/);
}

interface ThreeLists {
  readonly base: readonly string[];
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
}

interface Side {
  readonly lines: readonly string[];
  readonly hunks: readonly Hunk[];
}

function mergeLines({ base, ours, theirs }: ThreeLists): readonly string[] | null {
  const one: Side = { lines: ours, hunks: diffLines(base, ours) };
  const other: Side = { lines: theirs, hunks: diffLines(base, theirs) };
  const merged: string[] = [];
  const next = { one: 0, other: 0 };
  let done = 0;
  while (next.one < one.hunks.length || next.other < other.hunks.length) {
    const group = takeGroup(one.hunks, other.hunks, next);
    const text = textOf(group, one, other);
    if (text === null) return null;
    append(merged, base.slice(done, group.from));
    append(merged, text);
    done = group.to;
  }
  append(merged, base.slice(done));
  return merged;
}

/** Hunks that overlap or touch, and the lines of the base that they cover together. */
interface Group {
  readonly from: number;
  readonly to: number;
  readonly one: readonly Hunk[];
  readonly other: readonly Hunk[];
}

function takeGroup(
  one: readonly Hunk[],
  other: readonly Hunk[],
  next: { one: number; other: number },
): Group {
  const from = Math.min(one[next.one]?.from ?? Infinity, other[next.other]?.from ?? Infinity);
  const begin = { ...next };
  let to = from;
  for (;;) {
    const [a, b] = [one[next.one], other[next.other]];
    if (a !== undefined && a.from <= to) {
      to = Math.max(to, a.to);
      next.one += 1;
    } else if (b !== undefined && b.from <= to) {
      to = Math.max(to, b.to);
      next.other += 1;
    } else break;
  }
  const [first, second] = [one.slice(begin.one, next.one), other.slice(begin.other, next.other)];
  return { from, to, one: first, other: second };
}

function textOf(group: Group, one: Side, other: Side): readonly string[] | null {
  if (group.other.length === 0) return sideOf(group, one, group.one);
  if (group.one.length === 0) return sideOf(group, other, group.other);
  const [a, b] = [sideOf(group, one, group.one), sideOf(group, other, group.other)];
  return a.length === b.length && a.every((line, index) => line === b[index]) ? a : null;
}

/** What one side has in the place of the base's lines. */
function sideOf({ from, to }: Group, { lines }: Side, hunks: readonly Hunk[]): readonly string[] {
  const [first, last] = [hunks[0], hunks.at(-1)];
  if (first === undefined || last === undefined) return [];
  return lines.slice(first.start - (first.from - from), last.end + (to - last.to));
}

/** One by one: as arguments, hundreds of thousands of lines would be too many. */
function append(to: string[], lines: readonly string[]): void {
  for (const line of lines) to.push(line);
}
