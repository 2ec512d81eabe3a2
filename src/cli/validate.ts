import { relative, resolve, sep } from 'node:path';
import { codeFrame } from '../manifest/code-frame.ts';
import { type Compiled, createCompiler } from '../manifest/compile.ts';
import { listGrids } from '../manifest/grids.ts';
import { didYouMean } from '../manifest/suggest.ts';
import { GridError } from '../model/error.ts';
import type { Problem, ShownProblem } from '../model/problem.ts';
import { shownProblem } from '../model/problem-code.ts';
import type { SourceTree } from '../model/source.ts';
import { packageVersion } from '../runtime/version.ts';
import { annotations, inert } from './annotations.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { harmless, type Paint, paint, printJson } from './output.ts';
import { printProblems } from './problem-text.ts';
import { sarifLog } from './sarif.ts';
import { findRepository, readWorkingTree } from './working-tree.ts';

/** For people; for programs; for the log of a GitHub Actions run; for code scanning. */
export type Format = 'text' | 'json' | 'github' | 'sarif';

export interface ValidateOptions {
  readonly path: string;
  /** Only this one; `null`: every grid. */
  readonly grid: string | null;
  readonly format: Format;
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
  readonly problems: readonly ShownProblem[];
}

/** Compiles every grid of a working tree and prints every problem; asks no master and no network. */
export async function validate(io: Io, options: ValidateOptions): Promise<ExitCode> {
  const repository = await findRepository(resolve(io.cwd, options.path));
  const source = await readWorkingTree(repository);
  const compiler = createCompiler();
  const grids = chosenGrids(source, options.grid).map((grid) =>
    validated(grid, compiler.compile(source, grid), source),
  );
  const value: Validated = {
    repository,
    errors: count(grids, 'error'),
    warnings: count(grids, 'warning'),
    grids,
  };
  printers[options.format](io, value);
  return value.errors === 0 ? EXIT.done : EXIT.failed;
}

const printers: Readonly<Record<Format, (io: Io, value: Validated) => void>> = {
  text: (io, value) => io.stdout(`${printValidated(value, paint(io))}\n`),
  json: (io, value) => io.stdout(`${printJson(value)}\n`),
  github: (io, value) => {
    io.stdout(annotations(placed(io, value)));
    io.stderr(`${inert(printValidated(value, paint(io, 'stderr')))}\n`);
  },
  sarif: (io, value) => {
    const log = sarifLog({ problems: placed(io, value), version: packageVersion() });
    io.stdout(`${printJson(log)}\n`);
  },
};

/**
 * Every problem once, with its file as seen from the root of the checkout: a file that two grids share has its problems in
 * both, and a grid repository may be a folder of a larger one.
 */
function placed(io: Io, { repository, grids }: Validated): readonly Problem[] {
  const workspace = io.env['GITHUB_WORKSPACE'] ?? '';
  const below = workspace === '' ? '' : relative(resolve(workspace), repository);
  const isInside = below !== '' && below !== '..' && !below.startsWith(`..${sep}`);
  const prefix = isInside ? `${below.split(sep).join('/')}/` : '';
  const found = new Map<string, Problem>();
  for (const problem of grids.flatMap((grid) => grid.problems)) {
    const { position, code, message } = problem;
    const moved = { ...problem, position: { ...position, file: `${prefix}${position.file}` } };
    found.set(JSON.stringify([position, code, message]), moved);
  }
  return [...found.values()];
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

function validated(grid: string, compiled: Compiled, source: SourceTree): ValidatedGrid {
  const ok = compiled.problems.every((problem) => problem.severity !== 'error');
  return {
    grid,
    ok,
    stacks: compiled.stacks.map((stack) => stack.name),
    failed: compiled.failed,
    services: compiled.stacks.reduce((sum, stack) => sum + stack.services.length, 0),
    problems: compiled.problems.map((problem) => shownProblem(problem, frameOf(problem, source))),
  };
}

function frameOf(problem: Problem, source: SourceTree): string | null {
  const file = source.files.get(problem.position.file);
  return file?.kind === 'text' ? codeFrame(file.text, problem) : null;
}

function count(grids: readonly ValidatedGrid[], severity: Problem['severity']): number {
  const problems = grids.flatMap((grid) => grid.problems);
  return problems.filter((problem) => problem.severity === severity).length;
}

function printValidated(value: Validated, colours: Paint): string {
  const { errors, warnings, grids } = harmless(value);
  const problems = grids.flatMap((grid) => grid.problems);
  const lines = grids.map((grid) => {
    const word = grid.ok ? colours.green('ok') : colours.red('problems');
    const held = grid.failed.length === 0 ? '' : `, held back: ${grid.failed.join(', ')}`;
    return `${grid.grid}: ${word} (${plural(grid.stacks.length, 'stack')}, ${plural(grid.services, 'service')}${held})`;
  });
  const sum = `${plural(errors, 'error')}, ${plural(warnings, 'warning')}`;
  const blocks = problems.length === 0 ? [] : [`${printProblems(problems, colours)}\n`];
  return [...blocks, ...lines, sum].join('\n');
}

function plural(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
