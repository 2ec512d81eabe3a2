import { realpath } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { resolveGrid } from '../manifest/compile.ts';
import { imageBuilds, type StackToBuild } from '../manifest/image-builds.ts';
import { GridError } from '../model/error.ts';
import type { ImageBuild } from '../model/image-build.ts';
import type { Problem } from '../model/problem.ts';
import type { SourceTree } from '../model/source.ts';
import { type BuildStep, buildSteps, type StepOptions, stepScript } from './build-steps.ts';
import { chosenGrids, chosenStacks, framed, unknownName } from './grid-sources.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { harmless, paint } from './output.ts';
import { printProblems } from './problem-text.ts';
import type { ProgramEnd, RunProgram } from './run-program.ts';
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
  const { builds, problems } = findBuilds(source, options);
  if (problems.length > 0) {
    const shown = harmless(framed(problems, source));
    io.stderr(`${printProblems(shown, paint(io, 'stderr'))}\n`);
  }
  if (hasErrors(problems)) return EXIT.failed;
  if (builds.length === 0) io.stderr('nothing to build: no service says how, with "build"\n');
  for (const note of notesOf(builds, io)) io.stderr(harmless(`note: ${note}\n`));
  const steps = buildSteps(builds, options);
  if (options.dryRun) io.stdout(harmless(stepScript(repository, steps)));
  else if (steps.length > 0) await runAll({ io, run, repository }, steps);
  return EXIT.done;
}

interface Found {
  readonly builds: readonly ImageBuild[];
  readonly problems: readonly Problem[];
}

function findBuilds(source: SourceTree, options: BuildOptions): Found {
  const grids = chosenGrids(source, options.grid).map((grid) => openGrid(source, grid));
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
  const names = new Set([...resolved.keys(), ...problems.flatMap(({ stack }) => stack ?? [])]);
  const stacks = [...names].map((name) => {
    const own = problems.filter(({ stack }) => stack === name);
    return { grid, name, stack: name, resolved: resolved.get(name) ?? null, problems: own };
  });
  return { stacks, problems: problems.filter(({ stack }) => stack === undefined) };
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

interface Doing {
  readonly io: Io;
  readonly run: RunProgram;
  readonly repository: string;
}

async function runAll(doing: Doing, steps: readonly BuildStep[]): Promise<void> {
  await findDocker(doing);
  for (const step of steps) await runStep(doing, step);
}

/** Before anything else: hooks may take long. */
async function findDocker(doing: Doing): Promise<void> {
  const asked = { program: 'docker', args: ['--version'], folder: '', input: null };
  const { kind } = await start(doing, asked, true);
  if (kind !== 'missing') return;
  throw new GridError({
    code: 'not-found',
    message: "there is no program 'docker' on this machine: it is what builds and pushes images",
    hint: 'Install the Docker command line (https://docs.docker.com/engine/install), or see with --dry-run what would run.',
  });
}

async function runStep(doing: Doing, step: BuildStep): Promise<void> {
  const { io, repository } = doing;
  if (step.sends !== null) await checkFolder(repository, step.sends);
  io.stderr(`${paint(io, 'stderr').bold(harmless(step.about))}\n`);
  const end = await start(doing, step, false);
  io.stop.throwIfAborted();
  if (end.kind === 'exited' && end.code === 0) return;
  throw new GridError({
    code: step.kind === 'hook' ? 'hook-failed' : 'engine-refused',
    message: `the ${step.about} ${howItEnded(end)}`,
    hint: advice[step.kind],
  });
}

type Started = Pick<BuildStep, 'program' | 'args' | 'folder' | 'input'>;

async function start(
  { io, run, repository }: Doing,
  { program, args, folder, input }: Started,
  isQuiet: boolean,
): Promise<ProgramEnd> {
  const cwd = join(repository, folder);
  return await run({ program, args, cwd, env: io.env, input, isQuiet, signal: io.stop });
}

/** A link must not lead out of the repository; a hook may have made the folder only now. */
async function checkFolder(repository: string, folder: string): Promise<void> {
  const root = await realpath(repository);
  const path = await realpath(join(repository, folder)).catch(() => null);
  if (path !== null && (path === root || path.startsWith(`${root}${sep}`))) return;
  const what = path === null ? 'is not there' : 'is a link that leads out of the repository';
  const message = `the folder ${folder} ${what}`;
  const hint = 'It is the "context" of a build, relative to the file that it is written in.';
  throw new GridError({ code: 'not-found', message, hint });
}

const advice = {
  hook: 'What it wrote is above. Nothing has been pushed.',
  build:
    'What docker wrote is above. Nothing has been pushed. Where it misses an image that is on this machine only: --no-pull.',
  push: 'What docker wrote is above. It pushes with the credentials of `docker login`.',
};

function howItEnded(end: ProgramEnd): string {
  if (end.kind === 'missing') return 'found no program to run';
  return end.kind === 'exited' ? `ended with exit code ${end.code}` : `was ended by ${end.by}`;
}
