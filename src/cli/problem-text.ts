import { type ProblemStyle, printProblem } from '../manifest/code-frame.ts';
import type { Problem } from '../model/problem.ts';
import type { Paint } from './output.ts';

type Framed = Problem & { readonly frame?: string };

/** Problems as every command prints them, wherever they were found. */
export function printProblems(problems: readonly Framed[], colours: Paint): string {
  const style = styleOf(colours);
  return problems.map((one) => printProblem(one, one.frame ?? null, style)).join('\n\n');
}

function styleOf(colours: Paint): ProblemStyle {
  return {
    head: (text, severity) =>
      colours.bold(severity === 'error' ? colours.red(text) : colours.yellow(text)),
    marked: colours.bold,
    aside: colours.dim,
  };
}
