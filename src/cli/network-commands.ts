import { GridList } from '../protocol/grid-api.ts';
import { dockerAddress } from './agent-options.ts';
import { addClient, addCommand, type Tree } from './command-tree.ts';
import { connect } from './connect.ts';
import { localDoctor, networkDoctor } from './network-doctor.ts';
import { showNetwork } from './network-show.ts';
import { addSettings, flagsOf, optional, text } from './program-options.ts';
import { agentSettings } from './settings.ts';

export function addNetworkCommands(tree: Tree): void {
  const network = tree.program
    .command('network')
    .description('how nodes of a grid reach each other');
  addClient({ ...tree, program: network }, 'show <grid>', {
    summary: 'subnet, nodes and their addresses',
    act: (io, client, { args, json }) => showNetwork(io, client, { grid: text(args[0]), json }),
  });
  const { io, launch } = tree.around;
  const doctor = addCommand({ ...tree, program: network }, 'doctor [grid]', {
    summary: 'who reaches whom, what is in the way, and what to do',
    act: async ({ args, options }) => {
      const json = options['json'] === true;
      if (options['local'] === true)
        return await localDoctor(io, launch, {
          directory: optional(options['data']) ?? agentData(io.env),
          dockerSocket: optional(options['docker']) ?? dockerAddress(io.env),
          json,
        });
      const client = await connect(io, flagsOf(options));
      const [grid] = args;
      if (grid !== undefined) return await networkDoctor(io, client, { grids: [grid], json });
      const { grids } = await client.get(GridList, '/grids');
      return await networkDoctor(io, client, { grids: grids.map(({ name }) => name), json });
    },
  });
  addSettings(doctor, 'client')
    .option('--local', 'look at this host alone; needs no master, best run as root')
    .option('--data <path>', "with --local: the agent's directory")
    .option('--docker <address>', 'with --local: where Docker answers')
    .option('--json', 'print JSON');
}

function agentData(env: Readonly<Record<string, string | undefined>>): string {
  return env[agentSettings.data.env] ?? agentSettings.data.default;
}
