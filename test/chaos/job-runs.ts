import type { JobStatus } from '../../src/protocol/job-api.ts';

type Runs = JobStatus['runs'];

/** One line for each time that the job's container has done something. */
type Traces = readonly string[];

/** A time that came is a run once, whoever was killed and whatever the clock said. */
export function tickFaults(runs: Runs, traces: Traces): readonly string[] {
  const begun = runs.filter(({ startedAt }) => startedAt !== null);
  const doubled = repeated(begun.map(({ id, node }) => `${id} on ${node}`));
  const unknown = traces.length - begun.length;
  return [
    ...doubled.map((run) => `${run} ran twice`),
    ...(unknown > 0 ? [`${unknown} runs that nobody knows of`] : []),
  ];
}

/** A spec succeeds once; what failed of it may have been tried again. `traces` are rounds. */
export function migrationFaults(runs: Runs, traces: Traces, round: number): readonly string[] {
  const succeeded = runs.filter(({ outcome }) => outcome === 'succeeded');
  const twice = repeated(succeeded.map(({ specHash }) => specHash.slice(0, 7)));
  const begun = runs.filter(({ startedAt }) => startedAt !== null);
  const unknown = traces.length - begun.length;
  return [
    ...twice.map((hash) => `migration ${hash} has succeeded twice`),
    ...(unknown > 0 ? [`${unknown} migrations that nobody knows of`] : []),
    ...(traces.includes(`${round}`) ? [] : [`migration ${round} did not run`]),
  ];
}

function repeated(all: readonly string[]): readonly string[] {
  return [...new Set(all.filter((one, at) => all.indexOf(one) !== at))];
}
