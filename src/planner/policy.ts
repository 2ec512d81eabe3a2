import type { Strategy } from '../model/grid.ts';

/** What the master lets the planner go by. Times in milliseconds. */
export interface PlanPolicy {
  /** How long a node may be gone before its stateless instances are placed elsewhere, by the service's strategy. Grids may say otherwise. */
  readonly gracePeriod: Readonly<Record<Strategy, number>>;
  /** How long to wait for nodes that have not reported since this master knows of them. */
  readonly observeGrace: number;
  /** How many steps may be in flight at a time, unless the grid says it. */
  readonly atOnce: number;
  /** Hash of the plan that a person has approved. */
  readonly confirmed: string | null;
}

/** Kontena's grace periods (kontena.md 4.2). */
export const defaultPolicy: PlanPolicy = {
  gracePeriod: { ha: 120_000, daemon: 600_000, random: 30_000 },
  observeGrace: 30_000,
  atOnce: 1_000,
  confirmed: null,
};
