import { type Compiled, createCompiler } from '../../src/manifest/compile.ts';
import { digest } from '../../src/model/digest.ts';
import type { Service } from '../../src/model/grid.ts';
import { type Problem, printPosition } from '../../src/model/problem.ts';
import type { RefusedFile, SourceFile, SourceTree, TextFile } from '../../src/model/source.ts';

export const STACK_FILE = 'grids/demo/stacks/shop/kontena.yml';
export const GRID_FILE = 'grids/demo/grid.yml';

export type Files = Readonly<Record<string, string | { readonly refused: RefusedFile['reason'] }>>;

export function aTextFile(text: string, path = STACK_FILE): TextFile {
  return { kind: 'text', path, blob: digest(text), text };
}

export function aSourceTree(files: Files): SourceTree {
  const entries = Object.entries(files).map(([path, content]): [string, SourceFile] => [
    path,
    typeof content === 'string'
      ? aTextFile(content, path)
      : { kind: 'refused', path, reason: content.refused },
  ]);
  return { sha: 'a'.repeat(40), inputs: digest(files), files: new Map(entries) };
}

export function compileFiles(files: Files, grid = 'demo'): Compiled {
  return createCompiler().compile(aSourceTree(files), grid);
}

/** The stack `shop` of the grid `demo`, with other files beside it. */
export function compileStackFile(text: string, others: Files = {}): Compiled {
  return compileFiles({ [STACK_FILE]: text, ...others });
}

/** A stack whose service `web` has these lines, after an image. */
export function compileService(lines: string, rest = '', others: Files = {}): Compiled {
  const body = lines.replace(/^/gm, '    ');
  return compileStackFile(`services:\n  web:\n    image: web:1\n${body}\n${rest}`, others);
}

/** The compiled service, of a file that must be without problems. */
export function theService(compiled: Compiled, name = 'web'): Service {
  if (compiled.problems.length > 0) throw new Error(describeAll(compiled).join('\n'));
  const service = compiled.stacks.flatMap((s) => s.services).find((s) => s.name === name);
  if (service === undefined) throw new Error(`no service ${name}`);
  return service;
}

export function codes(compiled: { readonly problems: readonly Problem[] }): string[] {
  return compiled.problems.map((problem) => problem.code);
}

/** The one problem that there is. */
export function theProblem(compiled: { readonly problems: readonly Problem[] }): Problem {
  const [problem, ...others] = compiled.problems;
  if (problem === undefined || others.length > 0) {
    throw new Error(`${compiled.problems.length} problems\n${describeAll(compiled).join('\n')}`);
  }
  return problem;
}

/** `severity code line:column`, for tests that say where. */
export function brief(problem: Problem): string {
  return `${problem.severity} ${problem.code} ${problem.position.line}:${problem.position.column}`;
}

function describeAll({ problems }: { readonly problems: readonly Problem[] }): string[] {
  return problems.map((p) => `${printPosition(p.position)} ${p.code} ${p.message}`);
}
