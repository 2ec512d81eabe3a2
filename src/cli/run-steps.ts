import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { GridError } from '../model/error.ts';
import type { BuildStep } from './build-steps.ts';
import type { Io } from './io.ts';
import { harmless, paint } from './output.ts';
import type { ProgramEnd, RunProgram } from './run-program.ts';

/** Where steps run, and by what. */
export interface Running {
  readonly io: Io;
  readonly run: RunProgram;
  readonly repository: string;
}

/** One after the other. Throws `GridError` at the first that fails, and what ended it when it is to stop. */
export async function runSteps(running: Running, steps: readonly BuildStep[]): Promise<void> {
  await findDocker(running);
  for (const step of steps) await runStep(running, step);
}

/** Before anything else: hooks may take long. */
async function findDocker(running: Running): Promise<void> {
  const asked = { program: 'docker', args: ['--version'], folder: '', input: null };
  const { kind } = await start(running, asked, true);
  if (kind !== 'missing') return;
  throw new GridError({
    code: 'not-found',
    message: "there is no program 'docker' on this machine: it is what builds and pushes images",
    hint: 'Install the Docker command line (https://docs.docker.com/engine/install), or see with --dry-run what would run.',
  });
}

async function runStep(running: Running, step: BuildStep): Promise<void> {
  const { io, repository } = running;
  if (step.sends !== null) await checkFolder(repository, step.sends);
  io.stderr(`${paint(io, 'stderr').bold(harmless(step.about))}\n`);
  const end = await start(running, step, false);
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
  { io, run, repository }: Running,
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
