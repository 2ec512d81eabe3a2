import { visible } from '../manifest/quote.ts';
import type { Problem } from '../model/problem.ts';
import { problemHelp } from '../model/problem-code.ts';

/** Problems as workflow commands: GitHub Actions shows each at its line of the commit or pull request. */
export function annotations(problems: readonly Problem[]): string {
  return problems.map((problem) => `${annotation(problem)}\n`).join('');
}

function annotation({ severity, code, message, position, hint }: Problem): string {
  const { file, line, column } = position;
  const properties = { file: visible(file), line, col: column, title: code };
  const written = Object.entries(properties).map(([name, value]) => `${name}=${escape(value)}`);
  const text = [message, ...(hint === undefined ? [] : [hint]), `See ${problemHelp(code)}`];
  return `::${severity} ${written.join(',')}::${escapeData(text.map(visible).join('\n'))}`;
}

/** What ends a command, and the sign that escapes begin with. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** In properties also what ends one. */
function escape(value: string | number): string {
  return escapeData(String(value)).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/**
 * Other text for the log of a run. Commands are obeyed wherever they are printed, in the new form at the start of a line and
 * in the old one (`##[…]`) anywhere: no text of a repository may give one.
 */
export function inert(text: string): string {
  return text.replaceAll('##[', '## [').replace(/^(\s*)::/gmu, '$1: :');
}
