import { addClient, type Tree } from './command-tree.ts';
import { listJobs, runJob } from './jobs.ts';
import { text } from './program-options.ts';

export function addJobCommands(tree: Tree): void {
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
