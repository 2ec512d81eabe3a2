import { errorMessage } from '../model/error.ts';
import { compareText } from '../model/identity.ts';
import { isConverged, type Plan, type Step } from '../model/plan.ts';
import { isOpen, type PreviewEnvironment } from '../model/preview-environment.ts';
import type { NetworkOutlook } from '../planner/network-map.ts';
import type { PlanInput, PlanPolicy } from '../planner/plan.ts';
import type { PlanScope } from '../planner/scope.ts';
import type { Log } from '../runtime/log.ts';
import type { Environments } from './environments.ts';
import type { Fleet } from './fleet.ts';
import { type Prepared, prepareDesired } from './prepare.ts';
import { judge } from './verdict.ts';

export interface GridEnvironmentsOptions {
  readonly grid: string;
  readonly environments: Environments;
  readonly plan: (input: PlanInput) => Plan;
  readonly policy: PlanPolicy;
  readonly fleet: Fleet;
  readonly uptime: () => number;
  readonly log: Log;
  /** What became of a pull request's commit here. */
  readonly tell: (environment: PreviewEnvironment, told: EnvironmentVerdict) => Promise<void>;
}

export interface EnvironmentVerdict {
  readonly phase: 'running' | 'succeeded' | 'failed';
  readonly message: string;
}

/** What became of the steps that were taken after a look. */
export interface VisitNews {
  /** Nodes that could not be given theirs, and why. */
  readonly refusals: ReadonlyMap<string, { readonly reason: string }>;
  /** Why nothing in the grid may change; `null`: it may. */
  readonly frozen: string | null;
}

/** What pull requests run in the grid, after a look. */
export interface Visit {
  readonly plan: Plan;
  /** What nodes are to have: the grid's own, and this. */
  readonly all: Prepared;
}

/**
 * The part of a grid's loop that is about pull requests. Its plan is one of its own, made after the grid's: what is to run for
 * a pull request takes what is left, and no deploy of the branch waits for it.
 */
export class GridEnvironments {
  readonly #options: GridEnvironmentsOptions;
  #last: Preparation | null = null;
  /** Since when this process knows of the commit of each open request. */
  #since: ReadonlyMap<string, number> = new Map();

  constructor(options: GridEnvironmentsOptions) {
    this.#options = options;
  }

  /**
   * `null`: no pull request has anything in the grid, or we failed on what one has: what runs of it stays, and the branch goes
   * on.
   */
  look(own: Prepared, network: NetworkOutlook): Visit | null {
    const { grid, environments, log } = this.#options;
    if (environments.of(grid).length === 0) {
      this.#last = null;
      this.#since = new Map();
      return null;
    }
    try {
      return this.#visit(own, network);
    } catch (error) {
      log.error({ grid, error: errorMessage(error) }, 'cannot plan what pull requests run');
      return null;
    }
  }

  #visit(own: Prepared, network: NetworkOutlook): Visit {
    const { grid, plan, policy, fleet, uptime } = this.#options;
    const { visiting, all, scope } = this.#prepare(own);
    const { desired } = visiting;
    const observed = fleet.observedState(grid, desired.grid.nodes);
    const now = uptime();
    return { plan: plan({ desired, observed, now, policy, network, scope }), all };
  }

  owns(steps: readonly Step[]): boolean {
    const { visitors } = this.#options.environments.scope(this.#options.grid);
    return steps.length > 0 && steps.every(({ stack }) => visitors.has(stack));
  }

  /** Tells of each commit what has become of it, and forgets what is left of none. */
  async follow({ plan, all }: Visit, { refusals, frozen }: VisitNews): Promise<void> {
    const { grid, environments, fleet } = this.#options;
    const nodes = fleet.nodes(grid);
    const timeout = all.desired.grid.deployTimeout * 1_000;
    const open = environments.of(grid).filter(isOpen);
    // While nothing may change, no time passes for what is to be deployed.
    this.#count(frozen === null ? open : []);
    for (const one of open) {
      const elapsed = this.#elapsed(one);
      const part = partOf(plan, new Set(one.stacks.map(({ name }) => name)));
      const of = { plan: part, problems: [], refusals, hasNodes: nodes.length > 0 };
      const isKept = frozen !== null && !isConverged(part);
      const { phase, message } = isKept
        ? ({ phase: 'running', message: frozen } as const)
        : judge({ ...of, elapsed, timeout });
      if (phase !== 'held') await this.#tell(one, { phase, message }, part.blocked.length > 0);
    }
    const left = new Set(
      nodes.flatMap(({ instances, assignment }) =>
        [...instances, ...(assignment?.instances ?? [])].map(({ stack }) => stack),
      ),
    );
    await environments.settle(grid, (stack) => left.has(stack));
  }

  /**
   * What came to an end is told otherwise when it is better, or when there is no room for it any more; else what runs would
   * be a commit's news for ever.
   */
  async #tell(
    one: PreviewEnvironment,
    verdict: EnvironmentVerdict,
    isOutOfRoom: boolean,
  ): Promise<void> {
    const { phase } = verdict;
    if (one.outcome === 'failed' && phase !== 'succeeded') return;
    if (one.outcome === 'succeeded' && !(phase === 'failed' && isOutOfRoom)) return;
    await this.#options.tell(one, verdict);
    if (phase !== 'running') await this.#options.environments.told(one, phase);
  }

  /** Begins to count for a commit that is new, and forgets those of which nothing is open any more. */
  #count(open: readonly PreviewEnvironment[]): void {
    const now = this.#options.uptime();
    const before = this.#since;
    this.#since = new Map(open.map(commitOf).map((commit) => [commit, before.get(commit) ?? now]));
  }

  #elapsed(one: PreviewEnvironment): number {
    const now = this.#options.uptime();
    return now - (this.#since.get(commitOf(one)) ?? now);
  }

  #prepare(own: Prepared): Preparation {
    const { grid, environments } = this.#options;
    const now = environments.of(grid);
    if (this.#last?.own === own && this.#last.environments === now) return this.#last;
    const { desired } = own;
    const stacks = now.flatMap((one) => one.stacks);
    const together = [...desired.stacks, ...stacks].toSorted((a, b) => compareText(a.name, b.name));
    const revisions = new Map(
      now.flatMap(({ head, stacks: its }) => its.map(({ name }) => [name, head] as const)),
    );
    const { past } = own;
    const all = { ...prepareDesired({ ...desired, stacks: together }), revisions };
    this.#last = {
      own,
      environments: now,
      all: past === undefined ? all : { ...all, past },
      visiting: prepareDesired({ ...desired, stacks, held: [] }),
      scope: { ...environments.scope(grid), isVisiting: true, others: desired.stacks },
    };
    return this.#last;
  }
}

/** Kept as long as neither changes: the planner knows stacks by identity. */
interface Preparation {
  readonly own: Prepared;
  readonly environments: readonly PreviewEnvironment[];
  readonly all: Prepared;
  readonly visiting: Prepared;
  readonly scope: PlanScope;
}

function commitOf({ repository, request, head }: PreviewEnvironment): string {
  return `${repository} ${request} ${head}`;
}

/** The part of a plan that is about some stacks. */
function partOf(plan: Plan, stacks: ReadonlySet<string>): Plan {
  const isIn = ({ stack }: { readonly stack: string }) => stacks.has(stack);
  return {
    ...plan,
    waves: plan.waves
      .map(({ steps }) => ({ steps: steps.filter(isIn) }))
      .filter(({ steps }) => steps.length > 0),
    blocked: plan.blocked.filter(isIn),
    halted: plan.halted.filter(isIn),
    waiting: plan.waiting.filter(isIn),
  };
}
