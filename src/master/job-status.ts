import { GridError } from '../model/error.ts';
import type { Service } from '../model/grid.ts';
import { compareText, servicePath } from '../model/identity.ts';
import { requestId } from '../model/job.ts';
import type { JobStatus, RunRequested } from '../protocol/job-api.ts';
import type { Clock } from '../runtime/clock.ts';
import type { GridController } from './controller.ts';
import { isHeard } from './engine-heard.ts';
import type { Fleet, FleetNode } from './fleet.ts';

/** What the API shows of the jobs of one grid. */
export function jobStatuses(
  grid: string,
  services: Iterable<Service>,
  fleet: Fleet,
): readonly JobStatus[] {
  return [...services]
    .filter(({ job }) => job !== undefined)
    .toSorted((a, b) => compareText(pathOf(a), pathOf(b)))
    .map((service) => jobStatus(grid, service, fleet));
}

function jobStatus(grid: string, service: Service, fleet: Fleet): JobStatus {
  const { stack, name, job } = service;
  const node = nodeOf(grid, service, fleet);
  const shown = node?.instances.find((one) => one.stack === stack && one.service === name)?.job;
  const calendar = job?.kind === 'schedule' ? job : null;
  const runs = fleet.jobs.runs(grid, pathOf(service)).toReversed();
  return {
    grid,
    stack,
    service: name,
    kind: job?.kind ?? 'on-deploy',
    schedule: calendar?.schedule ?? null,
    timeZone: calendar?.timeZone ?? null,
    node: node?.name ?? null,
    running: node !== null && isHeard(node) ? (shown?.running ?? null) : null,
    nextAt: shown?.nextAt ?? null,
    runs: runs.slice(0, job?.history),
  };
}

/** Has the node that has a job run it now, or when the run that is under way has ended. */
export async function requestRun(
  {
    controller,
    fleet,
    clock,
  }: {
    readonly controller: Pick<GridController, 'wake' | 'idle'> & {
      readonly view: Pick<GridController['view'], 'all'>;
    };
    readonly fleet: Fleet;
    readonly clock: Clock;
  },
  of: { readonly grid: string; readonly service: string },
): Promise<RunRequested> {
  const { grid, service: path } = of;
  const service = controller.view.all?.services.get(path);
  if (service?.job === undefined)
    throw new GridError({ code: 'not-found', message: `grid ${grid} has no job ${path}` });
  const node = nodeOf(grid, service, fleet);
  if (node === null || !isHeard(node))
    throw new GridError({
      code: 'invalid-request',
      message:
        node === null
          ? `the job ${path} is on no node`
          : `the job ${path} is on node ${node.name}, which ${node.online ? 'has an engine that does not answer' : 'is offline'}`,
      hint: 'See `gridops plan` for where it could be.',
    });
  const request = new Date(clock.now()).toISOString();
  fleet.jobs.ask(grid, path, request);
  controller.wake();
  await controller.idle();
  const shown = node.instances.find((one) => servicePath(one) === path)?.job;
  const isWaiting = (shown?.running ?? null) !== null;
  return { id: requestId(request), node: node.name, isWaiting };
}

/** The node that has been given it. */
function nodeOf(grid: string, { stack, name }: Service, fleet: Fleet): FleetNode | null {
  const nodes = fleet
    .nodes(grid)
    .filter(({ assignment }) =>
      assignment?.instances.some(
        (one) => one.stack === stack && one.service === name && one.job !== undefined,
      ),
    );
  return nodes.find(isHeard) ?? nodes[0] ?? null;
}

function pathOf({ stack, name }: Service): string {
  return servicePath({ stack, service: name });
}
