import { addCommand, type Tree } from './command-tree.ts';
import { checkConfig, configDocs } from './config.ts';
import { EXIT } from './io.ts';
import { flagsOf } from './program-options.ts';

export function addConfigCommands(tree: Tree): void {
  const { io } = tree.around;
  const config = tree.program.command('config').description('settings of master, agent and client');
  addCommand({ ...tree, program: config }, 'check', {
    summary: 'which settings are in force, and where each is from',
    act: ({ options }) => checkConfig(io, flagsOf(options), options['json'] === true),
  })
    .option('--config <file>', 'settings file')
    .option('--json', 'print JSON');
  addCommand({ ...tree, program: config }, 'docs', {
    summary: 'print the table of all settings (Markdown)',
    act: async () => {
      io.stdout(configDocs());
      return await Promise.resolve(EXIT.done);
    },
  });
}
