import type { ImageBuild, PreBuildHook } from '../model/image-build.ts';
import { shellWords } from './shell-words.ts';

/** One command of a build. */
export interface BuildStep {
  /** What it is, for people: "pre_build hook assets of demo/shop/web". */
  readonly about: string;
  readonly kind: 'hook' | 'build' | 'push';
  readonly program: string;
  readonly args: readonly string[];
  /** Where it runs, from the root of the repository. */
  readonly folder: string;
  /** What it reads. */
  readonly input: string | null;
  /** Folder, from the root of the repository, that it sends to the builder. */
  readonly sends: string | null;
}

export interface StepOptions {
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly push: boolean;
}

/** Everything is built before anything is pushed: a build that fails leaves the registry as it is. */
export function buildSteps(
  builds: readonly ImageBuild[],
  options: StepOptions,
): readonly BuildStep[] {
  const made = builds.flatMap((build) => [...build.hooks.map(hookStep), buildStep(build, options)]);
  const names = builds.flatMap(({ image, tags }) => [image, ...tags]);
  return [...made, ...(options.push ? names.map(pushStep) : [])];
}

function hookStep({ name, command, folder, service }: PreBuildHook): BuildStep {
  return {
    about: `pre_build hook "${name}" of ${service}`,
    kind: 'hook',
    program: '/bin/sh',
    args: ['-c', command],
    folder,
    input: null,
    sends: null,
  };
}

function buildStep(build: ImageBuild, options: StepOptions): BuildStep {
  const { context, dockerfile } = build;
  return {
    about: `build of ${build.image} for ${build.services.join(', ')}`,
    kind: 'build',
    program: 'docker',
    args: ['build', ...buildFlags(build, options), contextWord(context)],
    folder: '',
    input: dockerfile?.kind === 'text' ? dockerfile.text : null,
    sends: context.kind === 'folder' ? context.path : null,
  };
}

function buildFlags(build: ImageBuild, options: StepOptions): readonly string[] {
  return [
    ...[build.image, ...build.tags].flatMap((name) => ['--tag', name]),
    ...fileFlags(build),
    ...(options.pull && build.pull ? ['--pull'] : []),
    ...(options.noCache || build.noCache ? ['--no-cache'] : []),
    // Docker itself takes one without a value from the environment: so it is in no list of processes.
    ...build.args.flatMap(({ name, value }) => [
      '--build-arg',
      value === null ? name : `${name}=${value}`,
    ]),
    ...build.options.flatMap(({ name, value }) => [name, value]),
  ];
}

function fileFlags({ context, dockerfile }: ImageBuild): readonly string[] {
  if (dockerfile === null) return [];
  if (dockerfile.kind === 'text') return ['--file', '-'];
  return ['--file', context.kind === 'folder' ? fromRoot(dockerfile.path) : dockerfile.path];
}

function contextWord(context: ImageBuild['context']): string {
  return context.kind === 'folder' ? fromRoot(context.path) : context.address;
}

/** Never to be taken for an option or an address, whatever it is called. */
function fromRoot(path: string): string {
  return path === '' ? '.' : `./${path}`;
}

function pushStep(name: string): BuildStep {
  return {
    about: `push of ${name}`,
    kind: 'push',
    program: 'docker',
    args: ['push', name],
    folder: '',
    input: null,
    sends: null,
  };
}

/** A shell script that does the same. */
export function stepScript(repository: string, steps: readonly BuildStep[]): string {
  const lines = steps.map(({ program, args, folder, input }) => {
    const command = shellWords([program, ...args]);
    const fed = input === null ? command : `${shellWords(['printf', '%s', input])} | ${command}`;
    return folder === '' ? fed : `(${shellWords(['cd', folder])} && ${fed})`;
  });
  return ['set -e', shellWords(['cd', repository]), ...lines, ''].join('\n');
}
