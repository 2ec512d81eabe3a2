import type { Service } from '../model/grid.ts';
import { instancePath, servicePath } from '../model/identity.ts';
import { dueTimeOf } from '../model/job.ts';
import type { ObservedInstance } from '../model/observed.ts';
import type { Store } from '../store/store.ts';
import type { Fleet, FleetNode } from './fleet.ts';
import type { Tidying } from './fleet-records.ts';
import type { KnownRun } from './job-book.ts';
import type { NodeEvent } from './node-event.ts';

/** What a node tells of the runs of jobs that it is assigned. */
export function reportedRuns(
  { grid, name, assignment }: Pick<FleetNode, 'grid' | 'name' | 'assignment'>,
  reported: readonly ObservedInstance[],
): readonly KnownRun[] {
  const tellers = reported.filter((one) => (one.job?.runs.length ?? 0) > 0);
  if (tellers.length === 0) return [];
  const jobs = new Set(
    assignment?.instances.filter((one) => one.job !== undefined).map(instancePath),
  );
  return tellers
    .filter((one) => jobs.has(instancePath(one)))
    .flatMap((one) => {
      const of = { grid, service: servicePath(one), node: name };
      return (one.job?.runs ?? []).map((run) => ({ ...run, ...of }));
    });
}

const kinds = {
  succeeded: { severity: 'info', kind: 'job-succeeded' },
  failed: { severity: 'error', kind: 'job-failed' },
  lost: { severity: 'error', kind: 'job-failed' },
  stopped: { severity: 'warning', kind: 'job-stopped' },
  missed: { severity: 'warning', kind: 'job-missed' },
} as const;

export function runEvent(run: KnownRun): Omit<NodeEvent, 'at'> {
  const { grid, node, service, attempt, message } = run;
  const repeated = attempt === 1 ? '' : `, attempt ${attempt}`;
  const text = message === '' ? 'ended well' : message;
  return {
    grid,
    node,
    path: service,
    message: `${purpose(run.id)}${repeated}: ${text}`,
    ...kinds[run.outcome],
  };
}

/** What a run was for. */
export function purpose(id: string): string {
  const due = dueTimeOf(id);
  if (due !== null) return `the run of ${new Date(due).toISOString()}`;
  return id.startsWith('request/') ? 'the run that was asked for' : 'the run of a deploy';
}

export async function loadJobs({
  store,
  fleet,
}: {
  readonly store: Store;
  readonly fleet: Fleet;
}): Promise<void> {
  for (const grid of await store.jobRuns.grids()) fleet.jobs.add(await store.jobRuns.list(grid));
}

/** So many specs that a job has succeeded with are remembered: who goes back further runs it again. */
const REMEMBERED_SPECS = 100;

/** Leaves the runs that a job is to be remembered by, and none of what nobody wants any more. */
export async function pruneJobs({ store, fleet, visiting }: Tidying): Promise<void> {
  for (const grid of await store.jobRuns.grids()) {
    const good = await store.revisions.lastGood(grid);
    if (good === null) continue;
    const stacks = [...good.stacks, ...visiting(grid)];
    const jobs = new Map(stacks.flatMap(({ services }) => services.map(historyOf)));
    const isHeld = (service: string): boolean =>
      good.held.some((stack) => service.startsWith(`${stack}/`));
    for (const service of fleet.jobs.services(grid)) {
      const keep = jobs.get(service) ?? 0;
      if (keep === 0 && isHeld(service)) continue;
      await store.jobRuns.trim({ grid, service, keep });
      await store.doneHooks.trimJobs({ grid, service, keep: REMEMBERED_SPECS });
      if (keep === 0) fleet.jobs.remove(grid, service);
    }
  }
}

function historyOf({ stack, name, job }: Service): readonly [string, number] {
  return [servicePath({ stack, service: name }), job?.history ?? 0];
}
