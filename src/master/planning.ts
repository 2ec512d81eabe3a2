import type { DesiredState } from '../model/desired.ts';
import type { ErrorCode } from '../model/error.ts';
import { instancePath, servicePath } from '../model/identity.ts';
import type { ObservedState } from '../model/observed.ts';
import type { Plan, RolledBack } from '../model/plan.ts';
import type { NetworkOutlook } from '../planner/network-map.ts';
import type { PlanInput, PlanPolicy } from '../planner/plan.ts';
import { isCovered } from '../planner/prune.ts';
import type { PlanScope } from '../planner/scope.ts';
import type { DeployLog } from './deploy-log.ts';
import { type Failing, FallBacks, type ProvenRecords } from './fall-backs.ts';
import type { Fleet } from './fleet.ts';
import type { Prepared } from './prepare.ts';

export interface PlanningPorts {
  readonly plan: (input: PlanInput) => Plan;
  /** What services last served with. */
  readonly proven: ProvenRecords;
  /** Which stacks are the grid's own. */
  readonly scope: () => PlanScope;
}

export interface PlanningOptions {
  readonly grid: string;
  readonly ports: PlanningPorts;
  readonly policy: PlanPolicy;
  readonly fleet: Fleet;
  readonly deploys: Pick<DeployLog, 'approved' | 'active' | 'entry'>;
  /** Milliseconds of a clock that nobody sets: how long nodes are away must not follow from what somebody sets. */
  readonly uptime: () => number;
  readonly onEvent: (event: {
    readonly severity: 'warning';
    readonly kind: string;
    readonly path: string;
    readonly message: string;
  }) => void;
}

/** A plan, and what it leads to: what the revision wants, but for services that were rolled back. */
export interface Outlook {
  readonly plan: Plan;
  readonly prepared: Prepared;
}

/** Plans for one grid. What fails and is to be rolled back is planned once more, as it last served. */
export class Planning {
  readonly #options: PlanningOptions;
  readonly #fallBacks: FallBacks;

  constructor(options: PlanningOptions) {
    const { grid, fleet, ports } = options;
    this.#options = options;
    this.#fallBacks = new FallBacks({ grid, records: ports.proven, fleet });
  }

  async load(): Promise<void> {
    await this.#fallBacks.load();
  }

  /** What was rolled back is tried once more. */
  async retry(): Promise<void> {
    await this.#fallBacks.retry();
  }

  /** `overdue`: how many seconds the deploy that is under way was given, when they are over. */
  async look(of: {
    readonly prepared: Prepared;
    readonly network: NetworkOutlook;
    readonly overdue: number | null;
  }): Promise<Outlook> {
    const fallBacks = this.#fallBacks;
    const first = await fallBacks.apply(of.prepared);
    const plan = this.#plan(first.desired, of.network);
    const failures = [...haltedOnes(plan), ...overdueOnes(plan, of.overdue)];
    const rejected = await fallBacks.reject(failures, of.prepared);
    await fallBacks.learn(plan);
    if (rejected.length === 0)
      return { plan: fallBacks.explain(plan, of.prepared), prepared: first };
    for (const one of rejected) await this.#tell(one);
    const second = await fallBacks.apply(of.prepared);
    const again = this.#plan(second.desired, of.network);
    return { plan: fallBacks.explain(again, of.prepared), prepared: second };
  }

  #plan(desired: DesiredState, network: NetworkOutlook): Plan {
    const { fleet, grid, uptime, ports, policy, deploys } = this.#options;
    const now = uptime();
    const observed: ObservedState = fleet.observedState(grid, desired.grid.nodes);
    const { history } = this.#fallBacks;
    const scope = ports.scope();
    const input = { desired, observed, now, policy, network, history, scope };
    const made = ports.plan(input);
    const { approved } = deploys;
    // While an approved plan is carried out, what is left of it is another plan; it stays within what the person has read.
    const isApproved =
      made.confirmation !== null && approved !== null && isCovered(made.confirmation, approved);
    return isApproved
      ? ports.plan({ ...input, policy: { ...policy, confirmed: made.hash } })
      : made;
  }

  async #tell(one: RolledBack): Promise<void> {
    const { deploys, onEvent } = this.#options;
    const told = { kind: 'rolled-back', path: servicePath(one), message: rolledBackText(one) };
    onEvent({ severity: 'warning', ...told });
    if (deploys.active !== null) await deploys.entry(told.kind, told.path, told.message);
  }
}

/** For one line. */
function rolledBackText(one: RolledBack): string {
  const why = `${instancePath(one)} on ${one.node}: ${one.failure.message}`;
  return `back to the spec of ${one.revision.slice(0, 7)} until a commit changes it: ${why}`;
}

/** A host's own trouble says nothing of the spec, and another spec cures nothing. */
const hostTrouble: ReadonlySet<ErrorCode> = new Set([
  'engine-unreachable',
  'network-not-ready',
  'internal',
]);

function haltedOnes({ halted }: Plan): readonly Failing[] {
  return halted
    .filter(({ failure }) => !hostTrouble.has(failure.code))
    .map((one) => ({
      path: servicePath(one),
      number: one.number,
      node: one.node,
      failure: one.failure,
    }));
}

/** What is being rolled out when the deploy's time is over, one instance of each service. */
function overdueOnes({ waves: [first] }: Plan, overdue: number | null): readonly Failing[] {
  if (overdue === null || first === undefined) return [];
  const found = new Map<string, Failing>();
  for (const step of first.steps) {
    const path = servicePath(step);
    if (step.kind === 'remove' || found.has(path)) continue;
    const message = `not done after ${overdue} s: ${step.reason}`;
    const failure = {
      code: 'not-ready-in-time',
      message,
      exitCode: null,
      log: [],
      count: 1,
    } as const;
    found.set(path, { path, number: step.number, node: step.node, failure });
  }
  return [...found.values()];
}
