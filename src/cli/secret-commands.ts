import type { Command } from 'commander';
import { addCommand, type Tree } from './command-tree.ts';
import type { SecretsPlace } from './grid-secrets.ts';
import { addSettings, flagsOf, type Options, optional, text } from './program-options.ts';

/** Commands that work on the working tree: what is sealed is in force once it is committed. */
export function addSecretCommands({ program, around, end }: Tree): void {
  const { io } = around;
  const parent = program.command('secret').description("sealed values of a grid's secrets.yml");
  const tree = { program: parent, around, end };
  const seal = addCommand(tree, 'seal <grid> <name>', {
    summary: 'seal a value that is typed, piped in or in a file',
    act: async ({ args, options }) => {
      if (args.length > 2) seal.error(valueInArguments);
      const { sealSecret } = await import('./secret-seal.ts');
      return await sealSecret(io, {
        ...placeOf(args, options),
        name: text(args[1]),
        file: optional(options['file']),
        recipient: optional(options['recipient']),
        flags: flagsOf(options),
        json: options['json'] === true,
      });
    },
  })
    .allowExcessArguments()
    .option('-f, --file <path>', 'the value is all that is in this file');
  addSealing(addPlace(seal));
  const list = addCommand(tree, 'list <grid>', {
    summary: 'list secrets and what uses them',
    act: async ({ args, options }) => {
      const { listSecrets } = await import('./secret-list.ts');
      return await listSecrets(io, { ...placeOf(args, options), json: options['json'] === true });
    },
  });
  addPlace(list.alias('ls'));
  addRemove(tree, { usage: 'rm <grid> <name>', kind: 'secret' });
  const load = addCommand(tree, 'import <grid> <file>', {
    summary: 'seal a list of names and values (YAML or JSON; - reads stdin)',
    act: async ({ args, options }) => {
      const { importSecrets } = await import('./secret-import.ts');
      return await importSecrets(io, {
        ...placeOf(args, options),
        file: text(args[1]),
        skipNull: options['skipNull'] === true,
        emptyIsNull: options['emptyIsNull'] === true,
        force: options['force'] === true,
        recipient: optional(options['recipient']),
        flags: flagsOf(options),
        json: options['json'] === true,
      });
    },
  })
    .option('--skip-null', 'leave alone what has no value, instead of removing it')
    .option('--empty-is-null', 'an empty value is none')
    .option('--force', 'remove also what is still used');
  addSealing(addPlace(load));
}

const valueInArguments =
  'error: a value is not given as an argument: everybody on this machine could read it in the list of processes, and it would stay in the history of the shell.\n' +
  'Leave it out to type it, pipe it in, or give a file: --file PATH';

export function addCertificateCommands({ program, around, end }: Tree): void {
  const { io } = around;
  const parent = program
    .command('certificate')
    .description("sealed certificates of a grid's secrets.yml");
  const tree = { program: parent, around, end };
  const load = addCommand(tree, 'import <grid>', {
    summary: 'seal a certificate with its chain and key',
    act: async ({ args, options }) => {
      const { importCertificate } = await import('./certificate.ts');
      return await importCertificate(io, {
        ...placeOf(args, options),
        certificate: text(options['cert']),
        key: text(options['key']),
        chain: optional(options['chain']),
        subject: optional(options['subject']),
        recipient: optional(options['recipient']),
        flags: flagsOf(options),
        json: options['json'] === true,
      });
    },
  })
    .requiredOption('--cert <file>', 'the certificate, or the certificate and its chain (PEM)')
    .requiredOption('--key <file>', 'its private key (PEM)')
    .option('--chain <file>', 'what issued it, and so on (PEM)')
    .option('--subject <domain>', 'what it is known by (default: its common name)');
  addSealing(addPlace(load));
  const list = addCommand(tree, 'list <grid>', {
    summary: 'list certificates, when they expire and what uses them',
    act: async ({ args, options }) => {
      const { listCertificates } = await import('./certificate.ts');
      const place = placeOf(args, options);
      return await listCertificates(io, { ...place, json: options['json'] === true });
    },
  });
  addPlace(list.alias('ls'));
  addRemove(tree, { usage: 'rm <grid> <domain>', kind: 'certificate' });
}

interface Removal {
  readonly usage: string;
  readonly kind: 'secret' | 'certificate';
}

function addRemove(tree: Tree, { usage, kind }: Removal): void {
  const command = addCommand(tree, usage, {
    summary: `remove a ${kind} that nothing uses`,
    act: async ({ args, options }) => {
      const { removeSealed } = await import('./secret-remove.ts');
      return await removeSealed(tree.around.io, {
        ...placeOf(args, options),
        kind,
        name: text(args[1]),
        force: options['force'] === true,
        json: options['json'] === true,
      });
    },
  }).option('--force', 'also when it is still used');
  addPlace(command.alias('remove'));
}

function placeOf(args: readonly string[], options: Options): SecretsPlace {
  return { grid: text(args[0]), repository: optional(options['repository']) ?? '.' };
}

function addPlace(command: Command): Command {
  return command
    .option('-C, --repository <path>', 'working tree of the grid repository (default: this folder)')
    .option('--json', 'print JSON');
}

/** With the master to ask when nothing else says what to seal for. */
function addSealing(command: Command): void {
  const about = "seal for this key (default: the one in secrets.yml, or the master's)";
  addSettings(command.option('--recipient <key>', about), 'client');
}
