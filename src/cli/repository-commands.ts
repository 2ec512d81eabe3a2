import { Option } from 'commander';
import { addCommand, type Tree } from './command-tree.ts';
import type { Io } from './io.ts';
import {
  formatOf,
  formatOption,
  type Options,
  optional,
  serviceOption,
  stackSourceOption,
  text,
} from './program-options.ts';
import type { StackSources } from './stack-sources.ts';

/** What they work on is a working tree: none of them needs a master. */
export function addRepositoryCommands(tree: Tree): void {
  addBuild(tree);
  addValidate(tree);
  addRender(tree);
  addConvert(tree);
}

function addBuild(tree: Tree): void {
  const { io, run } = tree.around;
  addCommand(tree, 'build [path]', {
    summary: 'build and push the images that stack files say how to build; needs no master',
    act: async ({ args, options }) => {
      const { build } = await import('./build.ts');
      const { service } = options;
      return await build(io, run, {
        path: args[0] ?? '.',
        grid: optional(options['grid']),
        stack: optional(options['stack']),
        services: Array.isArray(service) ? service : [],
        noCache: options['cache'] === false,
        pull: options['pull'] !== false,
        push: options['push'] !== false,
        dryRun: options['dryRun'] === true,
      });
    },
  })
    .option('-g, --grid <grid>', 'only of this grid')
    .option('-s, --stack <stack>', 'only of this stack')
    .addOption(serviceOption())
    .option('--no-cache', 'build every layer anew')
    .option('--no-pull', 'do not look for newer versions of the images that they build on')
    .option('--no-push', 'build only')
    .option('--dry-run', 'print the commands, as a shell script, and run none');
}

function addValidate(tree: Tree): void {
  const { io } = tree.around;
  addCommand(tree, 'validate [path]', {
    summary: 'check a grid repository on this machine; needs no master',
    act: async ({ args, options }) => {
      // The compiler's schemas take longer to load than all the rest; no other command needs them.
      const { validate } = await import('./validate.ts');
      const { grid } = options;
      return await validate(io, {
        path: args[0] ?? '.',
        grid: optional(grid),
        format: formatOf(options),
        stackSources: await stackSources(io, options),
      });
    },
  })
    .option('-g, --grid <grid>', 'only this grid')
    .addOption(stackSourceOption())
    .addOption(formatOption())
    .addOption(new Option('--json', 'print JSON').conflicts('format'));
}

function addRender(tree: Tree): void {
  const { io } = tree.around;
  addCommand(tree, 'render [path]', {
    summary: 'print stack files with everything put in that they refer to; needs no master',
    act: async ({ args, options }) => {
      const { render } = await import('./render.ts');
      return await render(io, {
        path: args[0] ?? '.',
        grid: optional(options['grid']),
        stack: optional(options['stack']),
        json: options['json'] === true,
        stackSources: await stackSources(io, options),
      });
    },
  })
    .option('-g, --grid <grid>', 'only this grid')
    .option('-s, --stack <stack>', 'only this stack')
    .addOption(stackSourceOption())
    .option('--json', 'print JSON');
}

function addConvert(tree: Tree): void {
  const { io } = tree.around;
  addCommand(tree, 'convert <file>', {
    summary: 'turn a Compose or old Kontena file into a stack file; needs no master',
    act: async ({ args, options }) => {
      const { convert } = await import('./convert.ts');
      return await convert(io, {
        file: text(args[0]),
        name: optional(options['name']),
        output: optional(options['output']),
        json: options['json'] === true,
      });
    },
  })
    .option('-n, --name <stack>', 'what the stack is called (default: the folder of the file)')
    .option('-o, --output <path>', 'write it there instead of printing it')
    .option('--json', 'print JSON');
}

async function stackSources(io: Io, { stackSource }: Options): Promise<StackSources> {
  const { parseStackSources } = await import('./stack-sources.ts');
  return parseStackSources(io, Array.isArray(stackSource) ? stackSource : []);
}
