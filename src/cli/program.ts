import { Command, CommanderError, Option } from 'commander';
import { GridError } from '../model/error.ts';
import { packageVersion } from '../runtime/version.ts';
import { approve } from './approve.ts';
import { addClient, addCommand, type Surroundings, type Tree } from './command-tree.ts';
import { checkConfig, configDocs } from './config.ts';
import { deploy } from './deploy.ts';
import { doctor } from './doctor.ts';
import { events, followEvents } from './events.ts';
import { freeze, parseUntil, unfreeze, untilText } from './freeze.ts';
import { history } from './history.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { listJobs, runJob } from './jobs.ts';
import { runAgent, runMaster } from './launch.ts';
import { addNetworkCommands } from './network-commands.ts';
import { listNodes, removeNode, showNode } from './node.ts';
import { setAvailability } from './node-availability.ts';
import { leaveGrid } from './node-leave.ts';
import { printFault } from './output.ts';
import { showPlan } from './plan.ts';
import {
  addSettings,
  duration,
  flagsOf,
  formatOf,
  formatOption,
  limitOption,
  type Options,
  optional,
  pageOf,
  serviceOption,
  stackSourceOption,
  text,
} from './program-options.ts';
import { rollback } from './rollback.ts';
import { addCertificateCommands, addSecretCommands } from './secret-commands.ts';
import type { StackSources } from './stack-sources.ts';
import { statusOfAll, statusOfGrid } from './status.ts';
import { createToken } from './token.ts';
import { listVolumes, removeVolume } from './volume.ts';
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
  addFreeze(tree);
  addRollback(tree);
  addJobCommands(tree);
  addNodeCommands(tree);
  addVolumeCommands(tree);
  addNetworkCommands(tree);
  addSecretCommands(tree);
  addCertificateCommands(tree);
  addVpnCommands(tree);
  addBuild(tree);
  addLocalCommands(tree);
  addProcesses(tree);
  return program;
}

const exitHelp = `
Exit codes: 0 done, 1 problems or failure, 2 wrong usage, 3 held for confirmation.
Settings: flags, then environment (GRIDOPS_*), then gridops.yml; \`gridops config docs\` lists them.`;

function addGridCommands(tree: Tree): void {
  addClient(tree, 'status [grid]', {
    summary: 'how the grids are, or one grid with its instances',
    act: (io, client, { args: [grid], json }) =>
      grid === undefined ? statusOfAll(io, client, json) : statusOfGrid(io, client, { grid, json }),
  });
  addClient(tree, 'plan [grid]', {
    summary: 'what the master would still do, and why',
    act: (io, client, { args, options, json }) =>
      showPlan(io, client, {
        grid: args[0] ?? null,
        explain: options['explain'] === true,
        json,
      }),
  }).option('--explain', 'also what each variable stands for, and where that is from');
  addClient(tree, 'history <grid>', {
    summary: 'deploys, newest first',
    act: (io, client, { args, options, json }) =>
      history(io, client, { grid: text(args[0]), ...pageOf(options, 20), json }),
  })
    .addOption(limitOption(20))
    .option('--before <deploy>', 'only older ones than this deploy');
  addClient(tree, 'events', {
    summary: 'what happened, newest last',
    act: (io, client, { options, json }) => {
      const query = { grid: optional(options['grid']), ...pageOf(options, 50), json };
      return options['follow'] === true
        ? followEvents(io, client, query)
        : events(io, client, query);
    },
  })
    .option('-g, --grid <grid>', 'only of this grid')
    .option('-f, --follow', 'go on printing until Ctrl-C')
    .addOption(limitOption(50))
    .option('--before <event>', 'only older ones than this event');
}

function addDeployCommands(tree: Tree): void {
  addClient(tree, 'deploy <grid>', {
    summary: 'deploy what the branch points at, again',
    act: (io, client, { args, options, json }) => {
      const { wait, timeout } = options;
      const seconds = typeof timeout === 'number' ? timeout : null;
      return deploy(io, client, {
        grid: text(args[0]),
        wait: wait === true,
        force: options['force'] === true,
        timeout: seconds,
        json,
      });
    },
  })
    .option('-w, --wait', 'until it has ended; progress is printed on stderr')
    .option('--timeout <duration>', 'wait at most that long, for example 10m', duration)
    .option('--force', 'also while the grid is frozen or outside of its deploy windows');
  addClient(tree, 'approve <deploy>', {
    summary: 'confirm what a held deploy would remove',
    act: (io, client, { args, options, json }) =>
      approve(io, client, { id: text(args[0]), planHash: optional(options['plan']), json }),
  }).option('--plan <hash>', 'only if the plan is still this one');
}

function addRollback(tree: Tree): void {
  addClient(tree, 'rollback <grid>', {
    summary: 'bring a grid back to an earlier commit, by a new commit or a pull request',
    act: (io, client, { args, options, json }) => {
      const to = optional(options['to']);
      const reason = optional(options['reason']);
      const by = optional(options['by']) ?? io.env['USER'] ?? '';
      return rollback(io, client, {
        grid: text(args[0]),
        wish: {
          ...(to === null ? {} : { to }),
          ...(reason === null ? {} : { reason }),
          ...(by === '' ? {} : { by }),
          ...(options['pr'] === true ? { pullRequest: true } : {}),
          ...(options['shared'] === true ? { shared: true } : {}),
          ...(options['secrets'] === true ? { secrets: true } : {}),
        },
        yes: options['yes'] === true,
        json,
      });
    },
  })
    .addOption(new Option('--to <rev>', 'a commit, or how its id begins').conflicts('lastGood'))
    .option(
      '--last-good',
      'the newest commit that was deployed with success before what is there now (the default)',
    )
    .option('--pr', 'open a pull request rather than pushing to the branch')
    .option('--reason <text>', 'what for; the commit says it')
    .option('--by <name>', 'who asks; the author of the commit (default: $USER)')
    .option('--shared', 'also files of stacks/ that other grids use as they are now')
    .option('--secrets', 'also secrets.yml, which else stays as it is now')
    .option('-y, --yes', 'without asking; without it, scripts are only shown what would be done');
}

function addFreeze(tree: Tree): void {
  addClient(tree, 'freeze <grid>', {
    summary: 'deploy no commits to a grid; what runs is still repaired',
    act: (io, client, { args, options, json }) => {
      const until = optional(options['until']);
      const reason = optional(options['reason']) ?? '';
      return freeze(io, client, {
        grid: text(args[0]),
        until: until === null ? null : parseUntil(until),
        reason,
        json,
      });
    },
  })
    .option('--until <time>', 'a time or a duration, for example 2026-12-01T06:00 or 3d', untilText)
    .option('--reason <text>', 'what for; statuses of commits say it');
  addClient(tree, 'unfreeze <grid>', {
    summary: 'deploy commits again, also the one that waits',
    act: (io, client, { args, json }) => unfreeze(io, client, { grid: text(args[0]), json }),
  });
}

function addJobCommands(tree: Tree): void {
  addClient(tree, 'jobs <grid>', {
    summary: 'jobs with their last runs: exit code, duration, last lines',
    act: (io, client, { args, json }) => listJobs(io, client, { grid: text(args[0]), json }),
  });
  const job = tree.program.command('job').description('jobs of the grids');
  addClient({ ...tree, program: job }, 'run <grid> <job>', {
    summary: 'run a job now, given as stack/service',
    act: (io, client, { args, json }) =>
      runJob(io, client, { grid: text(args[0]), job: text(args[1]), json }),
  });
}

function addNodeCommands(tree: Tree): void {
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

function addVolumeCommands(tree: Tree): void {
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

async function stackSources(io: Io, { stackSource }: Options): Promise<StackSources> {
  const { parseStackSources } = await import('./stack-sources.ts');
  return parseStackSources(io, Array.isArray(stackSource) ? stackSource : []);
}

function addLocalCommands(tree: Tree): void {
  const { io, machine } = tree.around;
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
  const check = addCommand(tree, 'doctor', {
    summary: 'look at everything that gridops stands on',
    act: ({ options }) =>
      doctor(io, machine, { flags: flagsOf(options), json: options['json'] === true }),
  });
  addSettings(check, 'client').option('--json', 'print JSON');
  addDns(tree);
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

function addProcesses(tree: Tree): void {
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
