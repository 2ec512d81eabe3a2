import { addClient, type Tree } from './command-tree.ts';
import { events, followEvents } from './events.ts';
import { history } from './history.ts';
import { showPlan } from './plan.ts';
import { limitOption, optional, pageOf, text } from './program-options.ts';
import { statusOfAll, statusOfGrid } from './status.ts';

export function addGridCommands(tree: Tree): void {
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
