import { addClient, addCommand, type Tree } from './command-tree.ts';
import { listNodes, removeNode, showNode } from './node.ts';
import { setAvailability } from './node-availability.ts';
import { leaveGrid } from './node-leave.ts';
import { duration, flagsOf, text } from './program-options.ts';
import { createToken } from './token.ts';

export function addNodeCommands(tree: Tree): void {
  const node = tree.program.command('node').description('host nodes of the grids');
  addClient({ ...tree, program: node }, 'ls [grid]', {
    summary: 'list nodes',
    act: (io, client, { args, json }) => listNodes(io, client, { grid: args[0] ?? null, json }),
  });
  addClient({ ...tree, program: node }, 'show <grid> <node>', {
    summary: "show a node, with its place in the grid's network",
    act: (io, client, { args, json }) =>
      showNode(io, client, { grid: text(args[0]), node: text(args[1]), json }),
  });
  addClient({ ...tree, program: node }, 'rm <grid> <node>', {
    summary: 'forget a node that is gone for good',
    act: (io, client, { args, json }) =>
      removeNode(io, client, { grid: text(args[0]), node: text(args[1]), json }),
  });
  for (const [verb, availability, summary] of availabilities)
    addClient({ ...tree, program: node }, `${verb} <grid> <node>`, {
      summary,
      act: (io, client, { args: [grid, name], json }) =>
        setAvailability(io, client, { grid: text(grid), node: text(name), availability, json }),
    });
  addLeave({ ...tree, program: node });
  const token = tree.program.command('token').description('join tokens of nodes');
  addClient({ ...tree, program: token }, 'create', {
    summary: 'make a token that lets one node join',
    act: (io, client, { options, json }) => {
      const { grid, expires } = options;
      const expiresIn = typeof expires === 'number' ? expires : 3_600;
      return createToken(io, client, { grid: text(grid), expiresIn, json });
    },
  })
    .requiredOption('-g, --grid <grid>', 'the grid to join')
    .option('--expires <duration>', 'how long it is good for (default 1h)', duration);
}

const availabilities = [
  ['drain', 'drain', 'have all instances leave a node, and let none come'],
  ['activate', 'active', 'let a node that was drained have instances again'],
] as const;

function addLeave(tree: Tree): void {
  const { io, launch } = tree.around;
  addCommand(tree, 'leave', {
    summary: 'take this host out of its grid, with its networks and keys; needs no master',
    act: async ({ options }) => {
      const { removeContainers, json, ...flags } = options;
      return await leaveGrid(io, launch, {
        flags: flagsOf(flags),
        withContainers: removeContainers === true,
        json: json === true,
      });
    },
  })
    .option('--remove-containers', "stop and remove the grid's containers on this host first")
    .option('--data <path>', "the agent's directory, as `gridops agent` has it")
    .option('--docker <address>', 'where Docker answers')
    .option('--hosts-file <path>', 'as `gridops agent` has it')
    .option('--config <file>', 'settings file')
    .option('--json', 'print JSON');
}
