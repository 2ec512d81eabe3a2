import { dueTimeOf, isSameRun, type JobRun, requestId } from '../model/job.ts';

/** A run of a job with the node that it was on. */
export interface KnownRun extends JobRun {
  readonly grid: string;
  /** `stack/service` */
  readonly service: string;
  readonly node: string;
}

/** What nodes may be made to remember of one job, and then some. */
const MAX_RUNS = 200;

/**
 * The runs of jobs, of all grids, and what people have asked for. Nodes decide about runs and tell of them; the master keeps
 * them longer than a node lasts, and tells a node that takes a job over what has been done by then.
 */
export class JobBook {
  /** By service path, by grid; each oldest first. */
  readonly #runs = new Map<string, Map<string, readonly KnownRun[]>>();
  readonly #requests = new Map<string, string>();

  /** Oldest first. */
  runs(grid: string, service: string): readonly KnownRun[] {
    return this.#runs.get(grid)?.get(service) ?? [];
  }

  /** Those that are not known yet. */
  newsAmong(runs: readonly KnownRun[]): readonly KnownRun[] {
    return runs.filter(
      (run) => !this.runs(run.grid, run.service).some((known) => isSame(known, run)),
    );
  }

  add(runs: readonly KnownRun[]): void {
    for (const run of runs) {
      const services = this.#runs.get(run.grid) ?? new Map<string, readonly KnownRun[]>();
      this.#runs.set(run.grid, services);
      const all = [...(services.get(run.service) ?? []), run];
      const sorted = all.toSorted((a, b) => a.finishedAt - b.finishedAt);
      services.set(run.service, sorted.slice(-MAX_RUNS));
    }
  }

  /** Milliseconds since the epoch of the last due time that a node has dealt with; `null`: none is known. */
  lastDue(grid: string, service: string): number | null {
    let last: number | null = null;
    for (const { id } of this.runs(grid, service)) last = Math.max(last ?? 0, dueTimeOf(id) ?? 0);
    return last === 0 ? null : last;
  }

  /** Somebody wants a run. The next assignment of the job's node says so. */
  ask(grid: string, service: string, request: string): void {
    this.#requests.set(`${grid}/${service}`, request);
  }

  /** What was asked for last and has not been seen to be done. */
  asked(grid: string, service: string): string | undefined {
    const request = this.#requests.get(`${grid}/${service}`);
    if (request === undefined) return undefined;
    const isDone = this.runs(grid, service).some(({ id }) => id === requestId(request));
    return isDone ? undefined : request;
  }

  /** Service paths. */
  services(grid: string): readonly string[] {
    return [...(this.#runs.get(grid)?.keys() ?? [])];
  }

  remove(grid: string, service: string): void {
    this.#runs.get(grid)?.delete(service);
  }
}

function isSame(a: KnownRun, b: KnownRun): boolean {
  return isSameRun(a, b) && a.finishedAt === b.finishedAt;
}
