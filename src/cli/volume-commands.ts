import { addClient, type Tree } from './command-tree.ts';
import { optional, text } from './program-options.ts';
import { listVolumes, removeVolume } from './volume.ts';

export function addVolumeCommands(tree: Tree): void {
  const volume = tree.program.command('volume').description('data of services on the nodes');
  addClient({ ...tree, program: volume }, 'ls <grid>', {
    summary:
      'list the volumes of a grid: where they are, whose they are, and since when nothing uses them',
    act: (io, client, { args, json }) => listVolumes(io, client, { grid: text(args[0]), json }),
  });
  addClient({ ...tree, program: volume }, 'rm <grid> <node> <volume>', {
    summary:
      'remove a volume that nothing uses, with all that is in it; its name is asked for once more',
    act: (io, client, { args, options, json }) =>
      removeVolume(io, client, {
        grid: text(args[0]),
        node: text(args[1]),
        volume: text(args[2]),
        confirm: optional(options['yesRemove']),
        json,
      }),
  }).option('--yes-remove <name>', 'the name once more, instead of typing it');
}
