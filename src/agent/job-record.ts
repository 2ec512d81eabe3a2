import path from 'node:path';
import { errorMessage, GridError } from '../model/error.ts';
import {
  dueTimeOf,
  isSameRun,
  type JobRun,
  jobBounds,
  type RunMark,
  type StopCause,
} from '../model/job.ts';
import { dealtWith } from '../planner/job-due.ts';
import { readText, writePrivately } from '../runtime/private-file.ts';

/** What is remembered of one job. */
export interface JobState {
  /** Oldest first. */
  readonly runs: readonly JobRun[];
  readonly begun: (RunMark & { readonly container: string }) | null;
  readonly stopping: {
    readonly container: string;
    readonly at: number;
    readonly cause: StopCause;
  } | null;
  readonly dealtUntil: number | null;
  readonly request: string | null;
  readonly retry: string | null;
}

const unknown: JobState = {
  runs: [],
  begun: null,
  stopping: null,
  dealtUntil: null,
  request: null,
  retry: null,
};

/** Characters of the logs of one job's runs, the newest first: they travel with everything else that is observed. */
const LOG_BUDGET = 16_000;

/**
 * Which runs of jobs have begun and how they ended, in `jobs.json` of the agent's directory: a container that is removed does
 * not show it any more. An entry is durable before anybody goes by it. It lasts as long as the job belongs to this node; that
 * a job has succeeded with a spec is remembered among the oneshot hooks, and by the master.
 */
export class JobRecord {
  readonly #save: (text: string) => Promise<void>;
  readonly #states: Map<string, JobState>;
  #last: Promise<void> = Promise.resolve();

  constructor(of: {
    readonly text: string | null;
    readonly save: (text: string) => Promise<void>;
  }) {
    const content = of.text === null ? {} : (JSON.parse(of.text) as Record<string, JobState>);
    this.#save = of.save;
    this.#states = new Map(Object.entries(content));
  }

  /** Throws `invalid-configuration` for a file that is damaged: without it runs that have been would be run again. */
  static async open(directory: string): Promise<JobRecord> {
    const file = path.join(directory, 'jobs.json');
    const text = await readText(file);
    try {
      return new JobRecord({ text, save: async (changed) => await writePrivately(file, changed) });
    } catch (error) {
      throw new GridError({
        code: 'invalid-configuration',
        message: `${file} is damaged: ${errorMessage(error)}`,
        hint: 'Restore it from a backup. Without it, jobs that have failed are run again, and the history of this node’s jobs is lost.',
        cause: error,
      });
    }
  }

  of(instance: string): JobState {
    return this.#states.get(instance) ?? unknown;
  }

  /** A run's container is about to be started. Durable when it resolves; when it rejects, it must not be started. */
  async begin(
    instance: string,
    of: RunMark & {
      readonly container: string;
      readonly request: string | null;
      readonly retry: string | null;
    },
  ): Promise<void> {
    const { id, attempt, container, request, retry } = of;
    const before = this.of(instance);
    await this.#put(instance, {
      ...before,
      begun: { id, attempt, container },
      stopping: null,
      dealtUntil: dealtWith(before.dealtUntil, dueTimeOf(id)),
      request: request ?? before.request,
      retry: retry ?? before.retry,
    });
  }

  /** The container was never started, for sure: as if the run had not begun. */
  async cancel(instance: string, container: string): Promise<void> {
    const before = this.of(instance);
    if (before.begun?.container === container)
      await this.#put(instance, { ...before, begun: null });
  }

  /** A run is about to be told to end. */
  async stopping(instance: string, stopping: NonNullable<JobState['stopping']>): Promise<void> {
    const before = this.of(instance);
    if (before.stopping?.container === stopping.container) return;
    await this.#put(instance, { ...before, stopping });
  }

  /** A run is over, or was missed. What is known already stays as it is. */
  async end(instance: string, run: JobRun, keep: number): Promise<void> {
    const before = this.of(instance);
    const isKnown = before.runs.some((one) => isSameRun(one, run) && isSameStart(one, run));
    const runs = isKnown ? before.runs : [...before.runs, run].slice(-keep);
    await this.#put(instance, {
      ...before,
      runs: withinBudget(runs),
      begun: null,
      stopping: null,
      dealtUntil: dealtWith(before.dealtUntil, dueTimeOf(run.id)),
    });
  }

  /** Forgets the jobs that do not belong to this node any more; on disk when something else is written. */
  retain(instances: ReadonlySet<string>): void {
    for (const instance of this.#states.keys())
      if (!instances.has(instance)) this.#states.delete(instance);
  }

  /** When it rejects, nothing was noted. */
  async #put(instance: string, state: JobState): Promise<void> {
    const before = this.#states.get(instance);
    this.#states.set(instance, state);
    const write = this.#last.then(() => this.#save(this.#text()));
    this.#last = write.catch(() => undefined);
    try {
      await write;
    } catch (error) {
      if (before === undefined) this.#states.delete(instance);
      else this.#states.set(instance, before);
      throw error;
    }
  }

  #text(): string {
    return JSON.stringify(Object.fromEntries(this.#states));
  }
}

function isSameStart(a: JobRun, b: JobRun): boolean {
  return a.startedAt !== null && a.startedAt === b.startedAt;
}

function withinBudget(runs: readonly JobRun[]): readonly JobRun[] {
  let left = LOG_BUDGET;
  const kept: JobRun[] = [];
  for (const run of runs.toReversed()) {
    const log = run.log.map((line) => line.slice(0, jobBounds.logLine));
    left -= log.reduce((sum, line) => sum + line.length, 0);
    kept.push({ ...run, log: left < 0 ? [] : log });
  }
  return kept.toReversed();
}
