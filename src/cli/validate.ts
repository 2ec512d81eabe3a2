import { resolve } from 'node:path';
import { printProblem } from '../manifest/code-frame.ts';
import { type Compiled, createCompiler } from '../manifest/compile.ts';
import { listGrids } from '../manifest/grids.ts';
import { didYouMean } from '../manifest/suggest.ts';
import { GridError } from '../model/error.ts';
import type { Problem } from '../model/problem.ts';
import type { SourceTree } from '../model/source.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { paint, show } from './output.ts';
import { findRepository, readWorkingTree } from './working-tree.ts';

export interface ValidateOptions {
  readonly path: string;
  /** Only this one; `null`: every grid. */
  readonly grid: string | null;
  readonly json: boolean;
}

interface Validated {
  readonly repository: string;
  readonly errors: number;
  readonly warnings: number;
  readonly grids: readonly ValidatedGrid[];
}

interface ValidatedGrid {
  readonly grid: string;
  readonly ok: boolean;
  readonly stacks: readonly string[];
  /** Stacks with errors: on a master they keep their last good definition. */
  readonly failed: readonly string[];
  readonly services: number;
  readonly problems: readonly Problem[];
}

/** Compiles every grid of a working tree and prints every problem; asks no master and no network. */
export async function validate(io: Io, options: ValidateOptions): Promise<ExitCode> {
  const repository = await findRepository(resolve(io.cwd, options.path));
  const source = await readWorkingTree(repository);
  const compiler = createCompiler();
  const grids = chosenGrids(source, options.grid).map((grid) =>
    validated(grid, compiler.compile(source, grid)),
  );
  const value: Validated = {
    repository,
    errors: count(grids, 'error'),
    warnings: count(grids, 'warning'),
    grids,
  };
  show(io, { json: options.json, value, text: () => printValidated(io, value, source) });
  return value.errors === 0 ? EXIT.done : EXIT.failed;
}

function chosenGrids(source: SourceTree, wanted: string | null): readonly string[] {
  const grids = listGrids(source.files.keys());
  if (grids.length === 0)
    throw new GridError({
      code: 'not-found',
      message: 'there is no grid in this repository: grids/ holds no folder with files',
      hint: 'Make one: a file grids/<name>/grid.yml, which may be empty.',
    });
  if (wanted === null) return grids;
  if (grids.includes(wanted)) return [wanted];
  const { hint = `There are: ${grids.join(', ')}.` } = didYouMean(wanted, grids);
  throw new GridError({ code: 'not-found', message: `there is no grid '${wanted}'`, hint });
}

function validated(grid: string, compiled: Compiled): ValidatedGrid {
  const ok = compiled.problems.every((problem) => problem.severity !== 'error');
  return {
    grid,
    ok,
    stacks: compiled.stacks.map((stack) => stack.name),
    failed: compiled.failed,
    services: compiled.stacks.reduce((sum, stack) => sum + stack.services.length, 0),
    problems: compiled.problems,
  };
}

function count(grids: readonly ValidatedGrid[], severity: Problem['severity']): number {
  const problems = grids.flatMap((grid) => grid.problems);
  return problems.filter((problem) => problem.severity === severity).length;
}

function printValidated(io: Io, value: Validated, source: SourceTree): string {
  const colours = paint(io);
  const blocks = value.grids.flatMap(({ problems }) =>
    problems.map((problem) => printOne(problem, source, colours)),
  );
  const lines = value.grids.map((grid) => {
    const word = grid.ok ? colours.green('ok') : colours.red('problems');
    const held = grid.failed.length === 0 ? '' : `, held back: ${grid.failed.join(', ')}`;
    return `${grid.grid}: ${word} (${plural(grid.stacks.length, 'stack')}, ${plural(grid.services, 'service')}${held})`;
  });
  const sum = `${plural(value.errors, 'error')}, ${plural(value.warnings, 'warning')}`;
  return [...blocks.map((block) => `${block}\n`), ...lines, sum].join('\n');
}

function printOne(problem: Problem, source: SourceTree, colours: ReturnType<typeof paint>): string {
  const file = source.files.get(problem.position.file);
  const text = printProblem(problem, file?.kind === 'text' ? file.text : null);
  const [head = '', ...rest] = text.split('\n');
  const tone = problem.severity === 'error' ? colours.red : colours.yellow;
  return [tone(head), ...rest].join('\n');
}

function plural(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
