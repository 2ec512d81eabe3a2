import { GridError } from '../model/error.ts';
import { dueTimeOf } from '../model/job.ts';
import { JobList, type JobStatus, RunRequested } from '../protocol/job-api.ts';
import type { Client } from './client.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { age, paint, show, table, timestamp } from './output.ts';

type Run = JobStatus['runs'][number];

/** The jobs of a grid with their last runs; of the last one that failed also its last lines. */
export async function listJobs(
  io: Io,
  client: Client,
  { grid, json }: { readonly grid: string; readonly json: boolean },
): Promise<ExitCode> {
  const value = await client.get(JobList, `/grids/${encodeURIComponent(grid)}/jobs`);
  show(io, { json, value, text: ({ jobs }) => printJobs(io, jobs) });
  return EXIT.done;
}

export async function runJob(
  io: Io,
  client: Client,
  of: { readonly grid: string; readonly job: string; readonly json: boolean },
): Promise<ExitCode> {
  const { grid, job, json } = of;
  const [stack = '', service = '', ...rest] = job.split('/');
  if (service === '' || rest.length > 0)
    throw new GridError({
      code: 'invalid-request',
      message: `${job} is no job`,
      hint: 'Write it as stack/service; `gridops jobs <grid>` lists them.',
    });
  const parts = ['grids', grid, 'jobs', stack, service, 'run'].map(encodeURIComponent);
  const value = await client.post(RunRequested, `/${parts.join('/')}`, {});
  show(io, {
    json,
    value,
    text: ({ node, isWaiting }) =>
      isWaiting
        ? `${job} is running on ${node}: it is run once more when that has ended`
        : `${job} runs on ${node}; \`gridops jobs ${grid}\` shows how it ends`,
  });
  return EXIT.done;
}

function printJobs(io: Io, jobs: readonly JobStatus[]): string {
  if (jobs.length === 0) return 'No jobs. A service with the key "job" is one.';
  return jobs.map((job) => printJob(io, job)).join('\n\n');
}

function printJob(io: Io, job: JobStatus): string {
  const colours = paint(io);
  const now = io.clock.now();
  const when =
    job.schedule === null ? 'with deploys' : `${job.schedule} (${job.timeZone ?? 'UTC'})`;
  const running =
    job.running === null ? [] : [`running since ${since(job.running.startedAt, now)}`];
  const next = job.nextAt === null ? [] : [`next at ${timestamp(job.nextAt)}`];
  const head = [when, `on ${job.node ?? 'no node'}`, ...running, ...next].join(' · ');
  const failed = job.runs.find((run) => run.log.length > 0 && run.outcome !== 'succeeded');
  return [
    `${colours.bold(`${job.stack}/${job.service}`)}  ${colours.dim(head)}`,
    job.runs.length === 0 ? 'It has not run yet.' : printRuns(io, job.runs),
    ...(failed === undefined || failed !== job.runs[0]
      ? []
      : failed.log.map((line) => colours.dim(`  | ${line}`))),
  ].join('\n');
}

function printRuns(io: Io, runs: readonly Run[]): string {
  const colours = paint(io);
  const colourOf = { succeeded: colours.green, failed: colours.red, lost: colours.red };
  return table(
    ['ENDED', 'RUN', 'RESULT', 'EXIT', 'TOOK', 'NODE', 'WHY'].map(colours.dim),
    runs.map((run) => {
      const { outcome, exitCode, startedAt, finishedAt, node, message } = run;
      const colour = outcome in colourOf ? colourOf[outcome as keyof typeof colourOf] : String;
      return [
        timestamp(finishedAt),
        nameOf(run),
        colour(outcome),
        exitCode === null ? '-' : String(exitCode),
        startedAt === null ? '-' : age(finishedAt - startedAt),
        node,
        message,
      ];
    }),
  );
}

/** What it was for, and which attempt when it was repeated. */
function nameOf({ id, attempt }: Run): string {
  const due = dueTimeOf(id);
  const other = id.startsWith('request/') ? 'asked for' : 'deploy';
  const name = due === null ? other : `of ${timestamp(due)}`;
  return attempt === 1 ? name : `${name} (${attempt})`;
}

function since(startedAt: number | null, now: number): string {
  return startedAt === null ? 'now' : age(now - startedAt);
}
