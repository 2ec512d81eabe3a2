import { type Problem, printPosition } from '../model/problem.ts';
import { visible } from './quote.ts';

/** Lines shown before and after the one with the problem. */
const around = 2;

/** Longer lines are cut to a window around the problem's column. */
const maxWidth = 120;

/**
 * The problem's line between its neighbours, with a caret below its column. Plain text, each invisible character of the file
 * shown as one `·`, so that neither the caret's place nor the terminal is at the file's mercy.
 */
export function codeFrame(text: string, problem: Problem): string {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const { line } = problem.position;
  const first = Math.max(1, line - around);
  const last = Math.min(lines.length, line + around);
  const gutter = String(last).length;
  // The window starts so that the column is in it, on all lines alike.
  const from = Math.max(0, problem.position.column - Math.floor(maxWidth / 2));
  const output: string[] = [];
  for (let number = first; number <= last; number++) {
    const shown = clip(lines[number - 1] ?? '', from);
    output.push(
      `${number === line ? '>' : ' '} ${String(number).padStart(gutter)} | ${shown}`.trimEnd(),
    );
    if (number !== line) continue;
    const caret = problem.position.column - from + (from > 0 ? 1 : 0);
    output.push(`  ${' '.repeat(gutter)} | ${' '.repeat(Math.max(0, caret - 1))}^`);
  }
  return output.join('\n');
}

/** A problem for terminals, without colour: what, where, the code frame when the file's text is at hand, and what to do. */
export function printProblem(problem: Problem, text: string | null): string {
  const stack = problem.stack === undefined ? '' : `, stack ${visible(problem.stack)}`;
  const lines = [
    `${problem.severity}: ${visible(problem.message)} [${problem.code}]`,
    `  at ${visible(printPosition(problem.position))}${stack}`,
  ];
  if (text !== null) lines.push('', codeFrame(text, problem), '');
  if (problem.hint !== undefined) lines.push(`  ${visible(problem.hint)}`);
  return lines.join('\n').trimEnd();
}

function clip(line: string, from: number): string {
  const end = from + maxWidth;
  const window = line
    .slice(from, end)
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => (c === '\t' ? ' ' : '·'));
  return `${from > 0 ? '…' : ''}${window}${line.length > end ? '…' : ''}`;
}
