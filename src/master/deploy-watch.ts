import type { Grid } from '../model/grid.ts';
import type { Plan } from '../model/plan.ts';
import type { Deploy } from '../store/deploys.ts';
import type { DeployLog } from './deploy-log.ts';
import type { Fleet } from './fleet.ts';
import type { GridReports } from './grid-reports.ts';
import { judge, settledPaths, type Verdict, type VerdictInput } from './verdict.ts';

export interface DeployWatchOptions {
  readonly grid: string;
  readonly deploys: DeployLog;
  readonly fleet: Fleet;
  readonly reports: GridReports;
  /** Milliseconds of a clock that nobody sets. */
  readonly uptime: () => number;
}

/** Follows the present deploy of one grid to its end: what is left of it, and how much of its time is over. */
export class DeployWatch {
  readonly #options: DeployWatchOptions;
  #open: ReadonlySet<string> = new Set();
  /** Since when the deploy could go on: while it is held, or nobody is here to carry it out, its time does not run. */
  #since = 0;

  constructor(options: DeployWatchOptions) {
    this.#options = options;
  }

  /** Its time begins now. */
  restart(): void {
    this.#since = this.#options.uptime();
  }

  /** Another deploy was begun. */
  begun(): void {
    this.#open = new Set();
  }

  /** How long the deploy that is under way was given, in seconds, when that time is over. */
  overdue({ deployTimeout }: Grid): number | null {
    const { active } = this.#options.deploys;
    if (active === null || active.phase === 'held') return null;
    return this.#elapsed(active) >= deployTimeout * 1_000 ? deployTimeout : null;
  }

  /** Takes in what a plan says of it. */
  async follow(
    { deployTimeout }: Grid,
    of: Pick<VerdictInput, 'plan' | 'problems' | 'refusals'>,
  ): Promise<void> {
    const { deploys, fleet, grid } = this.#options;
    const { current } = deploys;
    if (current === null) return;
    if (current.phase === 'held' || current.startedAt === null) this.restart();
    const verdict = judge({
      ...of,
      hasNodes: fleet.nodes(grid).length > 0,
      elapsed: this.#elapsed(current),
      timeout: deployTimeout * 1_000,
    });
    await this.conclude(of.plan, verdict);
  }

  async conclude(plan: Plan, verdict: Verdict): Promise<void> {
    const { deploys, reports } = this.#options;
    const before = deploys.current?.phase;
    if (deploys.active !== null)
      for (const path of settledPaths(this.#open, verdict.open, plan))
        await deploys.entry('updated', path, 'as desired');
    this.#open = verdict.open;
    await deploys.follow(plan, verdict);
    const after = deploys.current;
    if (after !== null && after.phase !== before) await reports.phase(after);
  }

  #elapsed({ startedAt }: Deploy): number {
    return startedAt === null ? 0 : this.#options.uptime() - this.#since;
  }
}
