import { type Problem, printPosition } from '../model/problem.ts';
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
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const { line } = position;
  const marked = lines[line - 1] ?? '';
  const at = Math.min(position.column - 1, marked.length);
  // The window starts so that the column is in it, on all lines alike.
  const from = windowStart(marked, at);
  const last = Math.min(lines.length, line + around);
  const gutter = String(last).length;
  const output: string[] = [];
  for (let number = Math.max(1, line - around); number <= last; number++) {
    const mark = number === line ? '>' : ' ';
    const shown = clip(lines[number - 1] ?? '', from);
    output.push(`${mark} ${String(number).padStart(gutter)} | ${shown}`.trimEnd());
    if (number !== line) continue;
    const before = blank(cellsOf(marked.slice(from, at)));
    output.push(`  ${' '.repeat(gutter)} | ${from > 0 ? ' ' : ''}${before}^`);
  }
  return output.join('\n');
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

/** Every line begins with our gutter: no line of a file can pass for the marked one or for the caret's. */
function styledFrame(
  frame: string,
  severity: Problem['severity'],
  style: ProblemStyle,
): readonly string[] {
  return frame.split('\n').map((line) => {
    if (line.startsWith('>')) return style.marked(line);
    return /^ +\| [ \u3000]*\^$/.test(line) ? style.head(line, severity) : style.aside(line);
  });
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
