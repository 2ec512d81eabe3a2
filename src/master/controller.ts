import type { Assignment } from '../model/assignment.ts';
import { errorMessage } from '../model/error.ts';
import type { Grid } from '../model/grid.ts';
import { isConverged, type Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { Gate } from '../planner/gate.ts';
import type { NetworkOutlook } from '../planner/network-map.ts';
import type { PlanPolicy } from '../planner/plan.ts';
import type { Clock } from '../runtime/clock.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import { Adoption, type AdoptionPorts } from './adoption.ts';
import { Assigner } from './assigner.ts';
import { closedError, type Waiting } from './deploy-gate.ts';
import { DeployWatch } from './deploy-watch.ts';
import { nodesToRepeat } from './drift.ts';
import { FaultNotice } from './fault-notice.ts';
import type { Fleet } from './fleet.ts';
import type { GridEnvironments, Visit } from './grid-environments.ts';
import { GridReports, type GridReportsOptions } from './grid-reports.ts';
import { type Arrivals, arrivalsOf } from './network-demand.ts';
import { type Outlook, Planning, type PlanningPorts } from './planning.ts';
import type { Prepared } from './prepare.ts';
import { type Rerun, type RerunOutcome, Reruns } from './reruns.ts';
import { type GridHead, unreadError } from './revision.ts';
import { WakeUps } from './wake-ups.ts';

export interface ControllerPorts extends AdoptionPorts, PlanningPorts {
  /** The grid's network as it follows from its definition and its nodes: when it resolves, they have been sent the map. */
  readonly network: (grid: Grid, arrivals: Arrivals) => Promise<NetworkOutlook>;
  readonly assign: (assignment: Assignment) => Promise<void>;
  /** A fault of ours that stays keeps a commit from being deployed. */
  readonly fault: (fault: { readonly sha: string; readonly message: string }) => Promise<void>;
}

export interface ControllerOptions extends GridReportsOptions {
  readonly ports: ControllerPorts;
  readonly policy: PlanPolicy;
  readonly fleet: Fleet;
  readonly clock: Clock;
  /** What pull requests run in the grid. */
  readonly environments: GridEnvironments;
  /** Milliseconds of a clock that nobody sets: when somebody sets the other one, a deploy must not run out of time. */
  readonly uptime: () => number;
}

const none: Assigner['refusals'] = new Map();
/** How soon to look again by itself while something is not as desired: for grace periods and timeouts, not for progress. */
const LOOK_AGAIN_MILLISECONDS = 5_000;
/** After a fault of ours (store, git objects). */
const RETRY_MILLISECONDS = 1_000;

/**
 * The loop of one grid: newest head → desired state → plan → assignments → deploy record, single-flight and level-triggered.
 * It is woken by a new head, by every change of what agents report, and by its own timer; each pass looks at everything
 * anew, so a missed wake-up costs time and never correctness. Retry, drift repair and resuming after a crash are this pass.
 */
export class GridController {
  readonly #options: ControllerOptions;
  readonly #flight: SingleFlight;
  readonly #faults: FaultNotice;
  readonly #assigner: Assigner;
  readonly #planning: Planning;
  readonly #reports: GridReports;
  readonly #watch: DeployWatch;
  readonly #wakeUps: WakeUps;
  readonly #adoption: Adoption;
  readonly #reruns = new Reruns();
  #outlook: Outlook | null = null;
  #visit: Visit | null = null;
  #started = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#flight = new SingleFlight(
      () => this.#timedPass(),
      (error) => void this.#failed(error),
    );
    this.#wakeUps = new WakeUps(() => this.#flight.wake());
    this.#reports = new GridReports(options);
    this.#watch = new DeployWatch({ ...options, reports: this.#reports });
    this.#assigner = new Assigner({
      grid: options.grid,
      fleet: options.fleet,
      clock: options.clock,
      assign: options.ports.assign,
      onAssigned: async (steps) =>
        options.environments.owns(steps)
          ? this.#reports.visited(steps)
          : await this.#reports.assigned(steps, this.#adoption.isOwn),
      onRefused: async (refusal) => await this.#reports.refused(refusal),
    });
    this.#planning = new Planning(options);
    this.#adoption = new Adoption({
      ...options,
      onBegun: () => this.#watch.begun(),
      onAccounts: async () => await this.#planning.retry(),
    });
    this.#faults = new FaultNotice({
      clock: options.clock,
      sha: () => this.#adoption.head?.sha ?? options.deploys.current?.sha ?? null,
      tell: options.ports.fault,
      takeBack: async (sha) => await options.deploys.sayAgain(sha, this.#adoption.head),
    });
  }

  /** What the last pass found; for the API. */
  get view(): {
    readonly head: GridHead | null;
    readonly prepared: Prepared | null;
    /** The same, with what runs for pull requests. */
    readonly all: Prepared | null;
    readonly problems: readonly Problem[];
    readonly failedStacks: ReadonlySet<string>;
    readonly plan: Plan | null;
    readonly deployId: string | null;
    /** A deploy is under way, and waits for nobody. */
    readonly isDeploying: boolean;
    /** The commit that may not be deployed yet. */
    readonly waiting: Waiting | null;
    readonly gate: Gate;
  } {
    const { head, wanted, problems, failedStacks, held, gate } = this.#adoption;
    const prepared = this.#outlook?.prepared ?? wanted;
    return {
      head,
      prepared,
      all: this.#visit?.all ?? prepared,
      problems,
      failedStacks,
      plan: this.#outlook?.plan ?? null,
      deployId: this.#options.deploys.current?.id ?? null,
      isDeploying: (this.#options.deploys.active?.phase ?? 'held') !== 'held',
      waiting: held,
      gate,
    };
  }

  revise(head: GridHead): void {
    this.#adoption.revise(head);
    this.#flight.wake();
  }

  wake(): void {
    this.#flight.wake();
  }

  /** Something was reported. */
  observed(): void {
    this.#wakeUps.reported();
  }

  /**
   * Runs the head once more: a new deploy unless one is under way, and failed instances are tried again at once. One that
   * must wait is deployed now if `force` says so.
   */
  async redeploy(actor: string, { force }: { readonly force: boolean }): Promise<RerunOutcome> {
    const { grid, deploys } = this.#options;
    const { obstacle } = this.#adoption;
    if (obstacle !== null) {
      if (!force) throw closedError(grid, obstacle);
      this.#adoption.force();
      await this.#reports.forced(actor, obstacle);
      this.#flight.wake();
      return { started: true, id: deploys.current?.id ?? '' };
    }
    if (!this.#adoption.isCurrent) throw unreadError(grid);
    const nodes = nodesToRepeat(this.#outlook?.plan ?? null, this.#options);
    const outcome = this.#reruns.ask({ nodes, actor });
    this.#flight.wake();
    return await outcome;
  }

  /** Confirms what a held deploy removes, if it is still exactly what the person has read. */
  async approve(of: {
    readonly id: string;
    readonly planHash: string;
    readonly actor: string;
  }): Promise<'approved' | 'changed' | 'not-held'> {
    const { deploys } = this.#options;
    const { current } = deploys;
    if (current?.id !== of.id || current.phase !== 'held') return 'not-held';
    if ((this.#adoption.held?.plan ?? this.#outlook?.plan)?.hash !== of.planHash) return 'changed';
    await deploys.approve(of.planHash, of.actor);
    this.#watch.restart();
    this.#flight.wake();
    return 'approved';
  }

  async idle(): Promise<void> {
    await this.#flight.idle();
  }

  async stop(): Promise<void> {
    this.#wakeUps.stop();
    await this.#flight.stop();
  }

  async #timedPass(): Promise<void> {
    const { clock } = this.#options;
    const began = clock.now();
    await this.#pass();
    await this.#faults.recovered();
    this.#wakeUps.took(clock.now() - began);
  }

  /** A newest commit that cannot be read now is a fault of its own: what runs is kept in order all the same. */
  async #pass(): Promise<void> {
    if (!this.#started) await this.#start();
    const unread = await this.#adoption.follow();
    await this.#look();
    if (unread !== null) throw unread;
  }

  async #start(): Promise<void> {
    await this.#adoption.start();
    await this.#planning.load();
    this.#watch.restart();
    this.#started = true;
  }

  async #look(): Promise<void> {
    await this.#reruns.carryOut(async (rerun) => await this.#runAgain(rerun));
    const soon = this.#adoption.look(LOOK_AGAIN_MILLISECONDS);
    const { held } = this.#adoption;
    if (held !== null) await this.#watch.conclude(held.plan, held.verdict);
    if (soon !== null) this.#wakeUps.in(soon);
    const { ports, fleet, grid } = this.#options;
    const renewed = this.#adoption.renew();
    // A store that was restored from a backup knows an older commit: only git says what is wanted now.
    const isOld = !this.#adoption.isCurrent && fleet.isOutrun(grid);
    const wanted = isOld ? null : renewed;
    if (wanted === null) return await this.#adoption.endUnplanned();
    await this.#assigner.tellAccounts(wanted.desired.grid);
    const network = await ports.network(wanted.desired.grid, new Map());
    const overdue = this.#watch.overdue(wanted.desired.grid);
    this.#outlook = await this.#planning.look({ prepared: wanted, network, overdue });
    await this.#carryOut(this.#outlook, { network, isHeld: held !== null });
    const mayChange = fleet.hasAbsent(grid) || this.#adoption.isPeriodic(this.#outlook.prepared);
    const plans = [this.#outlook.plan, ...(this.#visit === null ? [] : [this.#visit.plan])];
    if (!plans.every(isConverged) || mayChange) this.#wakeUps.in(LOOK_AGAIN_MILLISECONDS);
  }

  /** Only the first wave: the next one becomes the first when this one is observed to be done. */
  async #carryOut(
    { plan, prepared }: Outlook,
    { network, isHeld }: { readonly network: NetworkOutlook; readonly isHeld: boolean },
  ): Promise<void> {
    const { ports, environments } = this.#options;
    this.#visit = environments.look(prepared, network);
    const own = plan.waves[0]?.steps ?? [];
    const visiting = own.length > 0 ? [] : this.#visitingSteps();
    const steps = [...own, ...visiting];
    const all = this.#visit?.all ?? prepared;
    const arrivals = arrivalsOf(steps, all.services);
    if (arrivals.size > 0) await ports.network(prepared.desired.grid, arrivals);
    // What this plan could not know of is no success yet: the next look tells of it.
    if (await this.#assigner.carryOut(steps, all)) return this.#flight.wake();
    const { refusals } = this.#assigner;
    const isVisit = visiting.length > 0;
    if (!isHeld && this.#adoption.isOwn)
      await this.#watch.follow(prepared.desired.grid, {
        plan,
        problems: this.#adoption.problems,
        refusals: isVisit ? none : refusals,
      });
    const news = { refusals: isVisit ? refusals : none, frozen: this.#adoption.frozen };
    if (this.#visit !== null) await environments.follow(this.#visit, news);
  }

  /** What pull requests want comes after what the branch wants, and nothing while the grid is frozen. */
  #visitingSteps(): Plan['waves'][number]['steps'] {
    if (this.#adoption.frozen !== null) return [];
    return this.#visit?.plan.waves[0]?.steps ?? [];
  }

  async #failed(error: unknown): Promise<void> {
    const { grid, log, onEvent } = this.#options;
    const message = errorMessage(error);
    log.error({ grid, error: message }, 'controller pass failed');
    this.#wakeUps.in(RETRY_MILLISECONDS);
    try {
      if (await this.#faults.failed(error))
        onEvent({ severity: 'error', kind: 'controller-failed', path: '', message });
    } catch (untold) {
      log.error({ grid, error: errorMessage(untold) }, 'fault not told');
    }
  }

  async #runAgain({ actor, nodes }: Rerun): Promise<RerunOutcome> {
    const started = await this.#adoption.beginAgain(actor);
    await this.#planning.retry();
    await this.#assigner.repeat(nodes);
    return { started, id: this.#options.deploys.current?.id ?? '' };
  }
}
