import { frameLineKind, type Problem, printPosition } from '../model/problem.ts';
import { problemHelp } from '../model/problem-code.ts';
import { blank, type Cell, cellsOf } from './display-cells.ts';
import { visible } from './quote.ts';

/** Lines shown before and after the one with the problem. */
const around = 2;

/** Longer lines are cut to a window around the problem's column. */
const maxWidth = 120;

/**
 * The problem's line between its neighbours, with a caret below its column. Plain text, each invisible character of the file
 * shown as one `·`, so that neither the caret's place nor the terminal is at the file's mercy. Never longer than some hundred
 * characters a line, whatever is in the file.
 */
export function codeFrame(text: string, { position }: Pick<Problem, 'position'>): string {
  const { line } = position;
  const first = Math.max(1, line - around);
  const lines = linesOf(text, first, line + around);
  const marked = lines[line - first] ?? '';
  const at = Math.min(position.column - 1, marked.length);
  // The window starts so that the column is in it, on all lines alike.
  const from = windowStart(marked, at);
  const gutter = String(first + lines.length - 1).length;
  return lines
    .flatMap((shown, index) => {
      const mark = first + index === line ? '>' : ' ';
      const number = String(first + index).padStart(gutter);
      const printed = `${mark} ${number} | ${clip(shown, from)}`.trimEnd();
      if (mark === ' ') return [printed];
      const before = blank(cellsOf(marked.slice(from, at)));
      return [printed, `  ${' '.repeat(gutter)} | ${from > 0 ? ' ' : ''}${before}^`];
    })
    .join('\n');
}

/** Lines from `first` to `last`, those that there are; at least one. Only these are copied: files can be long. */
function linesOf(text: string, first: number, last: number): readonly string[] {
  const lines: string[] = [];
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  for (let number = 1; number <= last; number++) {
    const end = text.indexOf('\n', start);
    if (number >= first) lines.push(text.slice(start, end === -1 ? undefined : end));
    if (end === -1) break;
    start = end + 1;
  }
  return lines.length === 0 ? [''] : lines.map((line) => line.replace(/\r$/, ''));
}

/** How the parts of a printed problem are set off; nothing, for plain text. */
export interface ProblemStyle {
  /** The first line, and the caret. */
  readonly head: (text: string, severity: Problem['severity']) => string;
  /** The line with the problem. */
  readonly marked: (text: string) => string;
  /** The lines around it, and where to read more. */
  readonly aside: (text: string) => string;
}

const plain: ProblemStyle = { head: same, marked: same, aside: same };

/** A problem for terminals: what, where, the code frame when there is one, what to do and where that is explained. */
export function printProblem(problem: Problem, frame: string | null, style = plain): string {
  const stack = problem.stack === undefined ? '' : `, stack ${visible(problem.stack)}`;
  const head = `${problem.severity}: ${visible(problem.message)} [${problem.code}]`;
  const lines = [
    style.head(head, problem.severity),
    `  at ${visible(printPosition(problem.position))}${stack}`,
  ];
  if (frame !== null) lines.push('', ...styledFrame(frame, problem.severity, style), '');
  if (problem.hint !== undefined) lines.push(`  ${visible(problem.hint)}`);
  lines.push(style.aside(`  See ${problemHelp(problem.code)}`));
  return lines.join('\n');
}

function styledFrame(
  frame: string,
  severity: Problem['severity'],
  style: ProblemStyle,
): readonly string[] {
  const looks = {
    marked: style.marked,
    caret: (line: string) => style.head(line, severity),
    around: style.aside,
  };
  return frame.split('\n').map((line) => looks[frameLineKind(line)](line));
}

/** The unit from which on the window shows the line, so that what is before `at` takes at most its half. */
function windowStart(line: string, at: number): number {
  let start = at;
  let width = 0;
  for (const cell of cellsOf(line.slice(Math.max(0, at - maxWidth), at)).toReversed()) {
    width += cell.width;
    if (width > maxWidth / 2) break;
    start -= cell.units;
  }
  return start;
}

function clip(line: string, from: number): string {
  const shown: Cell[] = [];
  let width = 0;
  let end = from;
  for (const cell of cellsOf(line.slice(from, from + 2 * maxWidth))) {
    width += cell.width;
    if (width > maxWidth) break;
    end += cell.units;
    shown.push(cell);
  }
  const text = shown.map((cell) => cell.shown).join('');
  return `${from > 0 ? '…' : ''}${text}${line.length > end ? '…' : ''}`;
}

function same(text: string): string {
  return text;
}
