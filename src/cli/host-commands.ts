import { addCommand, type Tree } from './command-tree.ts';
import { doctor } from './doctor.ts';
import { addSettings, flagsOf, optional } from './program-options.ts';

/** How it looks from this machine. */
export function addHostCommands(tree: Tree): void {
  addDoctor(tree);
  addDns(tree);
}

function addDoctor(tree: Tree): void {
  const { io, machine } = tree.around;
  const check = addCommand(tree, 'doctor', {
    summary: 'look at everything that gridops stands on',
    act: ({ options }) =>
      doctor(io, machine, { flags: flagsOf(options), json: options['json'] === true }),
  });
  addSettings(check, 'client').option('--json', 'print JSON');
}

function addDns(tree: Tree): void {
  addCommand(tree, 'dns [grid-or-name] [name]', {
    summary: 'the names of the grid as the agent on this host knows them, or one name explained',
    act: async ({ args, options }) => {
      const { dns } = await import('./dns.ts');
      const { from, stack, ...flags } = options;
      return await dns(tree.around.io, {
        args,
        flags: flagsOf(flags),
        from: optional(from),
        stack: optional(stack),
        json: options['json'] === true,
      });
    },
  })
    .option('--data <path>', "the agent's directory, as `gridops agent` has it")
    .option('--config <file>', 'settings file')
    .option('--stack <stack>', 'look for the name as a container of this stack would')
    .option('--from <address>', 'look for it as the container with this address on this host would')
    .option('--json', 'print JSON');
}
