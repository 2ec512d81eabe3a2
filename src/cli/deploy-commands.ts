import { Option } from 'commander';
import { approve } from './approve.ts';
import { addClient, type Tree } from './command-tree.ts';
import { deploy } from './deploy.ts';
import { freeze, parseUntil, unfreeze, untilText } from './freeze.ts';
import { duration, optional, text } from './program-options.ts';
import { rollback } from './rollback.ts';

export function addDeployCommands(tree: Tree): void {
  addDeploy(tree);
  addFreeze(tree);
  addRollback(tree);
}

function addDeploy(tree: Tree): void {
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
