import { resolve } from 'node:path';
import { resolveGrid } from '../manifest/compile.ts';
import { imageBuilds, type StackToBuild } from '../manifest/image-builds.ts';
import { GridError } from '../model/error.ts';
import type { ImageBuild } from '../model/image-build.ts';
import type { Problem } from '../model/problem.ts';
import type { SourceTree } from '../model/source.ts';
import { buildSteps, type StepOptions, stepScript } from './build-steps.ts';
import { chosenGrids, chosenStacks, framed, unknownName } from './grid-sources.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { harmless, paint } from './output.ts';
import { printProblems } from './problem-text.ts';
import type { RunProgram } from './run-program.ts';
import { runSteps } from './run-steps.ts';
import { withForeign } from './stack-sources.ts';
import { findRepository, readWorkingTree } from './working-tree.ts';

export interface BuildOptions extends StepOptions {
  readonly path: string;
  /** Only this one; `null`: every grid. */
  readonly grid: string | null;
  /** Only this one; `null`: every stack. */
  readonly stack: string | null;
  /** Only these; none: every service. */
  readonly services: readonly string[];
  /** Prints the commands, and runs none. */
  readonly dryRun: boolean;
}

/**
 * Builds and pushes the images that the services of a working tree say how to build. Runs what its files say, on this machine:
 * only for a tree that one would run `make` in.
 */
export async function build(io: Io, run: RunProgram, options: BuildOptions): Promise<ExitCode> {
  const repository = await findRepository(resolve(io.cwd, options.path));
  const source = await readWorkingTree(repository);
  const { builds, problems } = await findBuilds(source, options);
  if (problems.length > 0) {
    const shown = harmless(framed(problems, source));
    io.stderr(`${printProblems(shown, paint(io, 'stderr'))}\n`);
  }
  if (hasErrors(problems)) return EXIT.failed;
  if (builds.length === 0) io.stderr('nothing to build: no service says how, with "build"\n');
  for (const note of notesOf(builds, io)) io.stderr(harmless(`note: ${note}\n`));
  const steps = buildSteps(builds, options);
  if (options.dryRun) io.stdout(harmless(stepScript(repository, steps)));
  else if (steps.length > 0) await runSteps({ io, run, repository }, steps);
  return EXIT.done;
}

interface Found {
  readonly builds: readonly ImageBuild[];
  readonly problems: readonly Problem[];
}

async function findBuilds(source: SourceTree, options: BuildOptions): Promise<Found> {
  const grids: OpenGrid[] = [];
  // What is in another repository is built there.
  for (const grid of chosenGrids(source, options.grid))
    grids.push(openGrid(await withForeign(source, grid, new Map()), grid));
  const ofGrids = grids.flatMap(({ problems }) => problems);
  const all = grids.flatMap(({ stacks }) => stacks);
  // Which stacks a grid has is not known when it cannot be read.
  const stacks = hasErrors(ofGrids) ? all : chosenStacks(all, options.stack);
  const wanted = options.services.length === 0 ? null : new Set(options.services);
  const { builds, problems } = imageBuilds(stacks, wanted);
  const found = { builds, problems: [...ofGrids, ...problems] };
  if (!hasErrors(found.problems)) checkServices(stacks, builds, options.services);
  return found;
}

interface OpenGrid {
  readonly stacks: readonly (StackToBuild & { readonly stack: string })[];
  /** Those of the grid itself. */
  readonly problems: readonly Problem[];
}

function openGrid(source: SourceTree, grid: string): OpenGrid {
  const { stacks: resolved, problems } = resolveGrid(source, grid);
  const byStack = new Map<string | undefined, Problem[]>();
  for (const name of resolved.keys()) byStack.set(name, []);
  for (const problem of problems) {
    const known = byStack.get(problem.stack);
    if (known === undefined) byStack.set(problem.stack, [problem]);
    else known.push(problem);
  }
  const ofGrid = byStack.get(undefined) ?? [];
  const stacks = Array.from(byStack, ([name, own]) =>
    name === undefined
      ? []
      : [{ grid, name, stack: name, resolved: resolved.get(name) ?? null, problems: own }],
  );
  return { stacks: stacks.flat(), problems: ofGrid };
}

function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

/** Throws `GridError` `not-found` for a service that is not there, or is not built. */
function checkServices(
  stacks: readonly StackToBuild[],
  builds: readonly ImageBuild[],
  wanted: readonly string[],
): void {
  const services = stacks.flatMap(({ resolved }) => resolved?.services ?? []);
  const names = [...new Set(services.map(({ key }) => key.text))];
  const built = new Set(
    builds.flatMap((one) => one.services.map((path) => path.split('/').at(-1))),
  );
  for (const name of wanted) {
    if (!names.includes(name)) throw unknownName('service', name, names);
    if (built.has(name)) continue;
    const message = `the service '${name}' does not say how its image is built`;
    const hint = 'Write "build: FOLDER" in it.';
    throw new GridError({ code: 'not-found', message, hint });
  }
}

function notesOf(builds: readonly ImageBuild[], { env }: Io): readonly string[] {
  return builds.flatMap(({ image, context, args }) => [
    ...(context.kind === 'remote'
      ? [`docker fetches what ${image} is built of: ${context.address}`]
      : []),
    ...args
      .filter(({ value }) => value === null)
      .map(({ name }) => {
        const missing = env[name] === undefined ? ', where it is not set' : '';
        return `the build argument ${name} of ${image} is taken from the environment${missing}`;
      }),
  ]);
}
