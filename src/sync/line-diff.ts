/** Lines `from` to `to` of one text that became lines `start` to `end` of another; ends are not included. */
export interface Hunk {
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly end: number;
}

// Steps before a difference is said as one piece: some ten milliseconds.
const budget = 4_000_000;

// Differing lines, for what is kept of the way grows with their square.
const mostEdits = 1_500;

/** The lines that differ, by Myers' greedy search. Texts that differ too much are said to differ as a whole. */
export function diffLines(one: readonly string[], other: readonly string[]): readonly Hunk[] {
  const head = sharedHead(one, other);
  const tail = sharedTail(one, other, head);
  const [a, b] = [one.slice(head, one.length - tail), other.slice(head, other.length - tail)];
  if (a.length === 0 && b.length === 0) return [];
  const whole = { from: head, to: head + a.length, start: head, end: head + b.length };
  if (a.length === 0 || b.length === 0) return [whole];
  const trace = search(a, b);
  return trace === null ? [whole] : hunksOf(trace, { a, b, head });
}

function sharedHead(one: readonly string[], other: readonly string[]): number {
  const most = Math.min(one.length, other.length);
  let count = 0;
  while (count < most && one[count] === other[count]) count += 1;
  return count;
}

function sharedTail(one: readonly string[], other: readonly string[], head: number): number {
  const most = Math.min(one.length, other.length) - head;
  let count = 0;
  while (count < most && one.at(-1 - count) === other.at(-1 - count)) count += 1;
  return count;
}

/**
 * How far each diagonal was reached after each number of edits, until the end of both; null: too far. Diagonal k of
 * step d is at index k + d.
 */
function search(a: readonly string[], b: readonly string[]): readonly Int32Array[] | null {
  const trace: Int32Array[] = [];
  let steps = 0;
  for (let edits = 0; edits <= mostEdits; edits += 1) {
    const row = new Int32Array(2 * edits + 1);
    for (let k = -edits; k <= edits; k += 2) {
      let x = startOn(trace, edits, k);
      const from = x;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      steps += x - from + 1;
      row[k + edits] = x;
      if (x === a.length && x - k === b.length) return [...trace, row];
    }
    if (steps > budget) return null;
    trace.push(row);
  }
  return null;
}

/** One line of `b` more, or one of `a` less, from what was reached with one edit fewer. */
function startOn(trace: readonly Int32Array[], edits: number, k: number): number {
  const row = trace[edits - 1];
  if (row === undefined) return 0;
  return takesB(row, edits, k) ? at(row, edits, k + 1) : at(row, edits, k - 1) + 1;
}

function takesB(row: Int32Array, edits: number, k: number): boolean {
  return k === -edits || (k !== edits && at(row, edits, k - 1) < at(row, edits, k + 1));
}

function at(row: Int32Array, edits: number, k: number): number {
  return row[k + edits - 1] ?? -1;
}

interface Texts {
  readonly a: readonly string[];
  readonly b: readonly string[];
  readonly head: number;
}

/** The way back through the trace, as runs of edits that no shared line interrupts. */
function hunksOf(trace: readonly Int32Array[], { a, b, head }: Texts): readonly Hunk[] {
  const hunks: { from: number; to: number; start: number; end: number }[] = [];
  let [x, y] = [a.length, b.length];
  for (let edits = trace.length - 1; edits > 0; edits -= 1) {
    const row = trace[edits - 1] ?? new Int32Array();
    const k = x - y;
    const down = takesB(row, edits, k);
    const before = at(row, edits, down ? k + 1 : k - 1);
    const [beforeX, beforeY] = [before, before - (down ? k + 1 : k - 1)];
    const [afterX, afterY] = down ? [beforeX, beforeY + 1] : [beforeX + 1, beforeY];
    const last = hunks.at(-1);
    if (last !== undefined && last.from === head + afterX && last.start === head + afterY) {
      last.from = head + beforeX;
      last.start = head + beforeY;
    } else {
      const [from, to] = [head + beforeX, head + afterX];
      hunks.push({ from, to, start: head + beforeY, end: head + afterY });
    }
    [x, y] = [beforeX, beforeY];
  }
  return hunks.toReversed();
}
