import { errorMessage, GridError } from '../model/error.ts';
import type { GridPreview, PreviewOutcome } from '../model/preview.ts';
import type { Log } from '../runtime/log.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import { type AffectedGrid, affectedGrids } from './preview-grids.ts';
import type { PreviewerPorts } from './previewer.ts';

/** What a merge queue is about to make the branch point at: a commit that has the merges in it already. */
export interface MergeGroup {
  readonly sha: string;
  /** Where it can be fetched: `refs/heads/gh-readonly-queue/main/pr-7-…` */
  readonly ref: string;
  /** The pull request that was put into the queue last; 0: nobody knows. */
  readonly number: number;
}

export interface MergeGroupsOptions {
  /** What waits at the forge now. */
  readonly waiting: () => Promise<readonly MergeGroup[]>;
  /** Whether the commit has been told something final. */
  readonly isTold: (sha: string) => Promise<boolean>;
  readonly previewer: Omit<PreviewerPorts, 'merge'>;
  readonly base: () => string | null;
  readonly forgetRef: (ref: string) => Promise<void>;
  readonly planning: (group: MergeGroup) => Promise<void>;
  readonly previewed: (group: MergeGroup, made: PlannedGroup) => Promise<void>;
  readonly log: Log;
}

export interface PlannedGroup {
  readonly outcome: PreviewOutcome;
  readonly affected: readonly AffectedGrid[];
}

/** Most queues are shorter; of a longer one the oldest groups have been merged or thrown out. */
const MOST = 50;

/** How often a group is looked at that we fail to plan. GitHub waits an hour, and looks at the repository are a minute apart. */
const MOST_ATTEMPTS = 10;

/**
 * Plans what merge queues build, and tells it of the group's own commit: a queue waits for the checks that are required, for
 * ever where they do not come.
 */
export class MergeGroups {
  readonly #options: MergeGroupsOptions;
  readonly #queue: MergeGroup[] = [];
  /** By commit: how often it could not be planned. */
  readonly #attempts = new Map<string, number>();
  readonly #flight: SingleFlight;

  constructor(options: MergeGroupsOptions) {
    this.#options = options;
    this.#flight = new SingleFlight(
      async (signal) => await this.#drain(signal),
      (error) => options.log.error({ error: errorMessage(error) }, 'merge queue not planned'),
    );
  }

  take(group: MergeGroup): void {
    this.#queue.push(group);
    // The first one may be under way.
    if (this.#queue.length > MOST) this.#queue.splice(1, 1);
    this.#flight.wake();
  }

  /** What could not be told, or planned, is tried again, and what no webhook has told of is found. */
  async look(): Promise<void> {
    this.#flight.wake();
    const { waiting, isTold } = this.#options;
    for (const group of await waiting())
      if (!this.#queue.some(({ sha }) => sha === group.sha) && !(await isTold(group.sha)))
        this.take(group);
  }

  async idle(): Promise<void> {
    await this.#flight.idle();
  }

  async stop(): Promise<void> {
    await this.#flight.stop();
  }

  async #drain(signal: AbortSignal): Promise<void> {
    const tried = new Set<MergeGroup>();
    const next = (): MergeGroup | undefined => this.#queue.find((one) => !tried.has(one));
    for (let group = next(); group !== undefined; group = next()) {
      tried.add(group);
      await this.#look(group, signal);
    }
  }

  async #look(group: MergeGroup, signal: AbortSignal): Promise<void> {
    const { planning, previewed, forgetRef } = this.#options;
    await planning(group);
    const made = await this.#plan(group, signal);
    if (made === null) return;
    await previewed(group, made);
    // Not before it is told: the queue at the forge waits for that.
    this.#queue.splice(this.#queue.indexOf(group), 1);
    this.#attempts.delete(group.sha);
    await forgetRef(group.ref);
  }

  /** `null`: not now. A queue throws out what has failed, and a fault that passes is none of the request's. */
  async #plan(group: MergeGroup, signal: AbortSignal): Promise<PlannedGroup | null> {
    const { previewer, base } = this.#options;
    try {
      const onto = base();
      if (onto === null) throw unread();
      const found = await previewer.fetchRef(group.ref, signal);
      if (found !== group.sha) return failed('the queue has moved on');
      const affected = await affectedGrids(previewer, { base: onto, merged: group.sha });
      const grids: GridPreview[] = [];
      const { sha } = group;
      for (const one of affected) grids.push(await previewer.grid(one, { commit: sha, head: sha }));
      return { outcome: { kind: 'planned', grids }, affected };
    } catch (error) {
      signal.throwIfAborted();
      const isFinal = error instanceof GridError && error.retry === 'never';
      return isFinal || this.#isEnough(group) ? failed(errorMessage(error)) : null;
    }
  }

  #isEnough({ sha }: MergeGroup): boolean {
    const attempts = (this.#attempts.get(sha) ?? 0) + 1;
    this.#attempts.set(sha, attempts);
    return attempts >= MOST_ATTEMPTS;
  }
}

function unread(): GridError {
  return new GridError({
    code: 'repository-unreachable',
    message: 'the branch was not read yet',
    retry: 'later',
  });
}

function failed(message: string): PlannedGroup {
  return { outcome: { kind: 'failed', message, hint: null }, affected: [] };
}
