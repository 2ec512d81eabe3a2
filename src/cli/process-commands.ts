import { addCommand, type Tree } from './command-tree.ts';
import { runAgent, runMaster } from './launch.ts';
import { addSettings, flagsOf } from './program-options.ts';

export function addProcessCommands(tree: Tree): void {
  const { io, launch } = tree.around;
  const master = addCommand(tree, 'master', {
    summary: 'run the master',
    act: ({ options }) => runMaster(io, launch, flagsOf(options)),
  });
  addSettings(master, 'master');
  const agent = addCommand(tree, 'agent', {
    summary: "run this host's agent",
    act: ({ options }) => runAgent(io, launch, flagsOf(options)),
  });
  addSettings(agent, 'agent');
  addCommand(tree, 'demo', {
    summary: 'try it all on this machine, in a temporary folder',
    act: () => launch.demo(),
  });
}
