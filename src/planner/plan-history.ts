import type { Service } from '../model/grid.ts';

/** What became of earlier revisions, as far as it decides what is done about this one. Not knowing it is always safe. */
export interface PlanHistory {
  /** By path: services as they were when they last were fully rolled out and served. */
  readonly proven: ReadonlyMap<string, Service>;
  /** Paths of services that the desired state has as they were then, because what the revision wants failed. */
  readonly rolledBack: ReadonlySet<string>;
}

export const noHistory: PlanHistory = { proven: new Map(), rolledBack: new Set() };
