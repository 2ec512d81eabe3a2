import { codeFrame } from '../manifest/code-frame.ts';
import { listGrids } from '../manifest/grids.ts';
import { shownText } from '../manifest/shown-text.ts';
import { didYouMean } from '../manifest/suggest.ts';
import { GridError } from '../model/error.ts';
import type { Problem, ShownProblem } from '../model/problem.ts';
import { shownProblem } from '../model/problem-code.ts';
import { type SourceTree, sourceFile } from '../model/source.ts';

/** The grids of a working tree, or the one that is wanted. Throws `GridError` `not-found`. */
export function chosenGrids(source: SourceTree, wanted: string | null): readonly string[] {
  const grids = listGrids(source.files.keys());
  if (grids.length === 0)
    throw new GridError({
      code: 'not-found',
      message: 'there is no grid in this repository: grids/ holds no folder with files',
      hint: 'Make one: a file grids/<name>/grid.yml, which may be empty.',
    });
  if (wanted === null) return grids;
  if (grids.includes(wanted)) return [wanted];
  throw unknownName('grid', wanted, grids);
}

/** The stacks of that name, or all. Throws `GridError` `not-found`. */
export function chosenStacks<T extends { readonly stack: string }>(
  stacks: readonly T[],
  wanted: string | null,
): readonly T[] {
  const chosen = stacks.filter(({ stack }) => wanted === null || stack === wanted);
  if (wanted === null || chosen.length > 0) return chosen;
  throw unknownName('stack', wanted, [...new Set(stacks.map(({ stack }) => stack))]);
}

export function unknownName(what: string, wanted: string, names: readonly string[]): GridError {
  const { hint = `There are: ${names.join(', ')}.` } = didYouMean(wanted, names);
  return new GridError({ code: 'not-found', message: `there is no ${what} '${wanted}'`, hint });
}

/** Problems with the lines around them, as people are shown them. */
export function framed(problems: readonly Problem[], source: SourceTree): readonly ShownProblem[] {
  return problems.map((problem) => {
    const file = sourceFile(source, problem.position.file);
    const text = file?.kind === 'text' ? shownText(file) : null;
    return shownProblem(problem, text === null ? null : codeFrame(text, problem));
  });
}
