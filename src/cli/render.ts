import { resolve } from 'node:path';
import { resolveGrid } from '../manifest/compile.ts';
import { renderStack } from '../manifest/render.ts';
import type { ResolvedStack } from '../manifest/resolve-stack.ts';
import type { ShownProblem } from '../model/problem.ts';
import { hasMark, showMarks } from '../model/secret.ts';
import type { SourceTree } from '../model/source.ts';
import { chosenGrids, chosenStacks, framed } from './grid-sources.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { harmless, paint, printJson } from './output.ts';
import { printProblems } from './problem-text.ts';
import { type StackSources, withForeign } from './stack-sources.ts';
import { findRepository, readWorkingTree } from './working-tree.ts';

export interface RenderOptions {
  readonly path: string;
  /** Only this one; `null`: every grid. */
  readonly grid: string | null;
  /** Only this one; `null`: every stack. */
  readonly stack: string | null;
  readonly json: boolean;
  /** Working trees of repositories that stacks are taken from. */
  readonly stackSources: StackSources;
}

interface RenderedStack {
  readonly grid: string;
  readonly stack: string;
  /** A stack file without templates, variables and `extends`. */
  readonly text: string;
  /** Values in it are not those of the master. */
  readonly hasPlaceholders: boolean;
}

/**
 * Prints the stacks of a working tree with everything put in that their files refer to; problems go to stderr. What could not be
 * resolved is not in it, and ends it with 1.
 */
export async function render(io: Io, options: RenderOptions): Promise<ExitCode> {
  const repository = await findRepository(resolve(io.cwd, options.path));
  const source = await readWorkingTree(repository);
  const grids: ReturnType<typeof renderGrid>[] = [];
  for (const grid of chosenGrids(source, options.grid))
    grids.push(renderGrid(await withForeign(source, grid, options.stackSources), grid));
  const stacks = chosenStacks(
    grids.flatMap((grid) => grid.stacks),
    options.stack,
  );
  if (stacks.some(({ text }) => hasMark(text))) io.stderr(marksNote);
  const invented = stacks.filter(({ hasPlaceholders }) => hasPlaceholders);
  if (invented.length > 0) io.stderr(placeholdersNote(invented));
  const problems = grids
    .flatMap((grid) => grid.problems)
    .filter(({ stack }) => options.stack === null || stack === options.stack);
  if (options.json) io.stdout(`${printJson({ stacks, problems })}\n`);
  else print(io, stacks, problems);
  return problems.some(({ severity }) => severity === 'error') ? EXIT.failed : EXIT.done;
}

function renderGrid(source: SourceTree, grid: string) {
  const { stacks, problems } = resolveGrid(source, grid);
  const texts = textsOf(stacks);
  const hasChance = [...stacks.values()].some(({ scope }) => (scope?.secret.size ?? 0) > 0);
  // What another seed changes comes from the seed, which only the master has.
  const others = hasChance ? textsOf(resolveGrid(source, grid, otherSeed).stacks) : texts;
  const rendered = Array.from(texts, ([stack, text]) => ({
    grid,
    stack,
    text,
    // Marks name their seed; that they do is no placeholder.
    hasPlaceholders: showMarks(others.get(stack) ?? '') !== showMarks(text),
  }));
  return { stacks: rendered, problems: framed(problems, source) };
}

function textsOf(stacks: ReadonlyMap<string, ResolvedStack>): ReadonlyMap<string, string> {
  return new Map(Array.from(stacks, ([name, stack]) => [name, renderStack(name, stack)]));
}

const otherSeed = new Uint8Array(32).fill(1);

const marksNote = 'note: ⟦…⟧ stands for a secret, whose value is put in on the node\n';

function placeholdersNote(stacks: readonly RenderedStack[]): string {
  const names = stacks.map(({ grid, stack }) => `${grid}/${stack}`);
  return harmless(
    `note: random values outside of the environment, and random numbers, are placeholders here; the master has its own (${names.join(', ')})\n`,
  );
}

function print(io: Io, stacks: readonly RenderedStack[], problems: readonly ShownProblem[]): void {
  const texts = stacks.map(({ grid, stack, text }) => `# grid ${grid}, stack ${stack}\n${text}`);
  io.stdout(harmless(texts.join('---\n')));
  if (problems.length > 0) io.stderr(`${printProblems(harmless(problems), paint(io, 'stderr'))}\n`);
}
