import { Command, CommanderError } from 'commander';
import { GridError } from '../model/error.ts';
import { packageVersion } from '../runtime/version.ts';
import type { Surroundings } from './command-tree.ts';
import { addConfigCommands } from './config-commands.ts';
import { addDeployCommands } from './deploy-commands.ts';
import { addGridCommands } from './grid-commands.ts';
import { addHostCommands } from './host-commands.ts';
import { EXIT, type ExitCode } from './io.ts';
import { addJobCommands } from './job-commands.ts';
import { addNetworkCommands } from './network-commands.ts';
import { addNodeCommands } from './node-commands.ts';
import { printFault } from './output.ts';
import { addProcessCommands } from './process-commands.ts';
import { addRepositoryCommands } from './repository-commands.ts';
import { addCertificateCommands, addSecretCommands } from './secret-commands.ts';
import { addVolumeCommands } from './volume-commands.ts';
import { addVpnCommands } from './vpn-commands.ts';

/** Runs one command line, without the program's name, to its exit code. Never throws. */
export async function runCli(args: readonly string[], around: Surroundings): Promise<ExitCode> {
  const { io } = around;
  let code: ExitCode = EXIT.done;
  const program = createProgram(around, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (io.stop.aborted) {
      io.stderr('interrupted\n');
      return EXIT.interrupted;
    }
    printFault(io, error);
    const wrongSettings = error instanceof GridError && error.code === 'invalid-configuration';
    return wrongSettings ? EXIT.usage : EXIT.failed;
  }
}

function createProgram(around: Surroundings, end: (code: ExitCode) => void): Command {
  const program = new Command('gridops')
    .description('Push to git to deploy containers on your own Docker hosts.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .addHelpText('after', exitHelp)
    .exitOverride()
    .configureOutput({ writeOut: around.io.stdout, writeErr: around.io.stderr })
    .showHelpAfterError('(gridops --help shows how it is used)');
  const tree = { program, around, end };
  addGridCommands(tree);
  addDeployCommands(tree);
  addJobCommands(tree);
  addNodeCommands(tree);
  addVolumeCommands(tree);
  addNetworkCommands(tree);
  addSecretCommands(tree);
  addCertificateCommands(tree);
  addVpnCommands(tree);
  addRepositoryCommands(tree);
  addHostCommands(tree);
  addConfigCommands(tree);
  addProcessCommands(tree);
  return program;
}

const exitHelp = `
Exit codes: 0 done, 1 problems or failure, 2 wrong usage, 3 held for confirmation.
Settings: flags, then environment (GRIDOPS_*), then gridops.yml; \`gridops config docs\` lists them.`;
