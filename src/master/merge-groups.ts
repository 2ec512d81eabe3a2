import { errorMessage } from '../model/error.ts';
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

/**
 * Plans what merge queues build, and tells it of the group's own commit: a queue waits for the checks that are required, for
 * ever where they do not come.
 */
export class MergeGroups {
  readonly #options: MergeGroupsOptions;
  readonly #queue: MergeGroup[] = [];
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

  /** What could not be told is tried again, and what no webhook has told of is found. */
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
    const { planning, previewed, forgetRef } = this.#options;
    for (let [group] = this.#queue; group !== undefined; [group] = this.#queue) {
      await planning(group);
      await previewed(group, await this.#plan(group, signal));
      // Not before it is told: the queue at the forge waits for that.
      this.#queue.splice(this.#queue.indexOf(group), 1);
      await forgetRef(group.ref);
    }
  }

  async #plan(group: MergeGroup, signal: AbortSignal): Promise<PlannedGroup> {
    const { previewer, base } = this.#options;
    try {
      const found = await previewer.fetchRef(group.ref, signal);
      const onto = base();
      if (found !== group.sha || onto === null) return failed('the queue has moved on');
      const affected = await affectedGrids(previewer, { base: onto, merged: group.sha });
      const grids: GridPreview[] = [];
      const { sha } = group;
      for (const one of affected) grids.push(await previewer.grid(one, { commit: sha, head: sha }));
      return { outcome: { kind: 'planned', grids }, affected };
    } catch (error) {
      signal.throwIfAborted();
      return failed(errorMessage(error));
    }
  }
}

function failed(message: string): PlannedGroup {
  return { outcome: { kind: 'failed', message, hint: null }, affected: [] };
}
