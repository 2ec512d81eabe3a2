import { relative, resolve, sep } from 'node:path';
import { type Compiled, createCompiler } from '../manifest/compile.ts';
import type { Problem, ShownProblem } from '../model/problem.ts';
import type { SourceTree } from '../model/source.ts';
import { packageVersion } from '../runtime/version.ts';
import { annotations, inert } from './annotations.ts';
import { chosenGrids, framed } from './grid-sources.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { harmless, type Paint, paint, printJson } from './output.ts';
import { printProblems } from './problem-text.ts';
import { sarifLog } from './sarif.ts';
import { type StackSources, withForeign } from './stack-sources.ts';
import { findRepository, readWorkingTree } from './working-tree.ts';

/** For people; for programs; for the log of a GitHub Actions run; for code scanning. */
export type Format = 'text' | 'json' | 'github' | 'sarif';

export interface ValidateOptions {
  readonly path: string;
  /** Only this one; `null`: every grid. */
  readonly grid: string | null;
  readonly format: Format;
  /** Working trees of repositories that stacks are taken from. */
  readonly stackSources: StackSources;
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
  const grids: ValidatedGrid[] = [];
  for (const grid of chosenGrids(source, options.grid)) {
    const whole = await withForeign(source, grid, options.stackSources);
    grids.push(validated(grid, compiler.compile(whole, grid), whole));
  }
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

function validated(grid: string, compiled: Compiled, source: SourceTree): ValidatedGrid {
  const ok = compiled.problems.every((problem) => problem.severity !== 'error');
  return {
    grid,
    ok,
    stacks: compiled.stacks.map((stack) => stack.name),
    failed: compiled.failed,
    services: compiled.stacks.reduce((sum, stack) => sum + stack.services.length, 0),
    problems: framed(compiled.problems, source),
  };
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
