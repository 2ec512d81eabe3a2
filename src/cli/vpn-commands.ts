import type { Command } from 'commander';
import { addCommand, type Tree } from './command-tree.ts';
import { addSettings, flagsOf, type Options, optional, text } from './program-options.ts';
import type { VpnPlace } from './vpn-place.ts';

/** Commands that work on the working tree: who is let in, or not any more, is once that is committed and pushed. */
export function addVpnCommands({ program, around, end }: Tree): void {
  const parent = program.command('vpn').description("a grid's VPN, and the people on it");
  const tree = { program: parent, around, end };
  addCreate(tree);
  addConfig(tree);
  const { io } = around;
  const revoke = addCommand(tree, 'revoke <name>', {
    summary: 'take a person off the VPN',
    act: async ({ args, options }) => {
      const { revokeVpn } = await import('./vpn-revoke.ts');
      const json = options['json'] === true;
      return await revokeVpn(io, { ...placeOf(options), name: text(args[0]), json });
    },
  });
  addPlace(revoke).option('--json', 'print JSON');
  const list = addCommand(tree, 'list', {
    summary: 'list who is on the VPN, and who was',
    act: async ({ options }) => {
      const { listVpn } = await import('./vpn-list.ts');
      return await listVpn(io, { ...placeOf(options), json: options['json'] === true });
    },
  });
  addPlace(list.alias('ls')).option('--json', 'print JSON');
}

function addCreate(tree: Tree): void {
  const create = addCommand(tree, 'create', {
    summary: 'give a grid a VPN',
    act: async ({ options }) => {
      const { createVpn } = await import('./vpn-create.ts');
      return await createVpn(tree.around.io, {
        repository: optional(options['repository']) ?? '.',
        grid: text(options['grid']),
        node: optional(options['node']),
        endpoint: optional(options['endpoint']),
        recipient: optional(options['recipient']),
        flags: flagsOf(options),
        json: options['json'] === true,
      });
    },
  })
    .requiredOption('-g, --grid <grid>', 'whose VPN')
    .option('--node <node>', 'the node that it runs on (default: any)')
    .option('--endpoint <host:port>', 'how people reach that node (port 51820 if none is given)')
    .option('-C, --repository <path>', repository)
    .option('--json', 'print JSON');
  const about = "seal for this key (default: the one in secrets.yml, or the master's)";
  addSettings(create.option('--recipient <key>', about), 'client');
}

function addConfig(tree: Tree): void {
  const config = addCommand(tree, 'config <name>', {
    summary: 'let a person in, and print the WireGuard file for them',
    act: async ({ args, options }) => {
      const { configVpn } = await import('./vpn-config.ts');
      return await configVpn(tree.around.io, {
        ...placeOf(options),
        name: text(args[0]),
        renew: options['renew'] === true,
        endpoint: optional(options['endpoint']),
        qr: options['qr'] === true,
        out: optional(options['out']),
        flags: flagsOf(options),
      });
    },
  })
    .option('--qr', 'as a QR code, for a phone')
    .option('-o, --out <file>', 'write it there, readable by you only')
    .option('--renew', 'a new key for somebody who is in')
    .option('--endpoint <host:port>', 'how this person reaches the server');
  addSettings(addPlace(config), 'client');
}

function placeOf(options: Options): VpnPlace {
  return {
    grid: optional(options['grid']),
    repository: optional(options['repository']) ?? '.',
  };
}

function addPlace(command: Command): Command {
  return command
    .option('-g, --grid <grid>', 'whose VPN (default: the only one there is)')
    .option('-C, --repository <path>', repository);
}

const repository = 'working tree of the grid repository (default: this folder)';
