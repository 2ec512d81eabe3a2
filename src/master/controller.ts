import type { Assignment } from '../model/assignment.ts';
import type { Freeze } from '../model/deploy-window.ts';
import type { DesiredState } from '../model/desired.ts';
import { errorMessage } from '../model/error.ts';
import type { Grid } from '../model/grid.ts';
import { isConverged, type Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { areSameAccounts } from '../model/registry-account.ts';
import type { Gate } from '../planner/gate.ts';
import type { NetworkOutlook } from '../planner/network-map.ts';
import type { PlanPolicy } from '../planner/plan.ts';
import type { Clock } from '../runtime/clock.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import { Assigner } from './assigner.ts';
import { closedError, DeployGate, type Waiting } from './deploy-gate.ts';
import { DeployWatch } from './deploy-watch.ts';
import { nodesToRepeat } from './drift.ts';
import { FaultNotice } from './fault-notice.ts';
import type { Fleet } from './fleet.ts';
import type { GridEnvironments, Visit } from './grid-environments.ts';
import { GridReports, type GridReportsOptions } from './grid-reports.ts';
import { type Arrivals, arrivalsOf } from './network-demand.ts';
import type { PlanReview } from './plan-review.ts';
import { type Outlook, Planning, type PlanningPorts } from './planning.ts';
import { fromLastGood, type Prepared } from './prepare.ts';
import { Renewals } from './renewals.ts';
import { type Rerun, type RerunOutcome, Reruns } from './reruns.ts';
import {
  changesNothing,
  type GridHead,
  keepRevision,
  originOf,
  type Revision,
  type RevisionPorts,
  readRevision,
  unreadError,
} from './revision.ts';
import { WakeUps } from './wake-ups.ts';

export interface ControllerPorts extends RevisionPorts, PlanningPorts {
  /** The grid's network as it follows from its definition and its nodes: when it resolves, they have been sent the map. */
  readonly network: (grid: Grid, arrivals: Arrivals) => Promise<NetworkOutlook>;
  readonly assign: (assignment: Assignment) => Promise<void>;
  /** Plans what may not be deployed yet, for people to read. */
  readonly preview: (desired: DesiredState) => Plan;
  readonly review: PlanReview;
  /** The freeze that is in force. */
  readonly freeze: () => Freeze | null;
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
  readonly #renewals: Renewals;
  #head: GridHead | null = null;
  #adopted: GridHead | null = null;
  #prepared: Prepared | null = null;
  #problems: readonly Problem[] = [];
  #outlook: Outlook | null = null;
  #visit: Visit | null = null;
  #started = false;
  /** Why this pass could not read the newest commit. */
  #unread: Error | null = null;
  #failedStacks: ReadonlySet<string> = new Set();
  readonly #reruns = new Reruns();
  readonly #gate: DeployGate;
  /** Of what is wanted now; `null` before anything is known. */
  #inputs: string | null = null;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#flight = new SingleFlight(
      () => this.#timedPass(),
      (error) => void this.#failed(error),
    );
    this.#wakeUps = new WakeUps(() => this.#flight.wake());
    this.#reports = new GridReports(options);
    this.#watch = new DeployWatch({ ...options, reports: this.#reports });
    this.#renewals = new Renewals(options);
    this.#assigner = new Assigner({
      grid: options.grid,
      fleet: options.fleet,
      clock: options.clock,
      assign: options.ports.assign,
      onAssigned: async (steps) =>
        options.environments.owns(steps)
          ? this.#reports.visited(steps)
          : await this.#reports.assigned(steps, this.#isOwn()),
      onRefused: async (refusal) => await this.#reports.refused(refusal),
    });
    this.#gate = new DeployGate({
      clock: options.clock,
      freeze: options.ports.freeze,
      preview: (of) => this.#preview(of),
      objection: (head, of) => this.#objection(head, of),
    });
    this.#planning = new Planning(options);
    this.#faults = new FaultNotice({
      clock: options.clock,
      sha: () => this.#head?.sha ?? options.deploys.current?.sha ?? null,
      tell: options.ports.fault,
      takeBack: async (sha) => await options.deploys.sayAgain(sha, this.#head),
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
    return {
      head: this.#head,
      prepared: this.#outlook?.prepared ?? this.#prepared,
      all: this.#visit?.all ?? this.#outlook?.prepared ?? this.#prepared,
      problems: this.#problems,
      failedStacks: this.#failedStacks,
      plan: this.#outlook?.plan ?? null,
      deployId: this.#options.deploys.current?.id ?? null,
      isDeploying: (this.#options.deploys.active?.phase ?? 'held') !== 'held',
      waiting: this.#held(),
      gate: this.#gate.state(this.#prepared?.desired.grid.windows),
    };
  }

  revise(head: GridHead): void {
    this.#head = head;
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
    if (this.#gate.waiting !== null) {
      const { message } = this.#gate.waiting.verdict;
      if (!force) throw closedError(grid, message);
      this.#gate.force();
      await this.#reports.forced(actor, message);
      this.#flight.wake();
      return { started: true, id: deploys.current?.id ?? '' };
    }
    if (this.#adopted === null) throw unreadError(grid);
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
    if ((this.#held()?.plan ?? this.#outlook?.plan)?.hash !== of.planHash) return 'changed';
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
    this.#unread = null;
    await this.#pass();
    await this.#faults.recovered();
    this.#wakeUps.took(clock.now() - began);
  }

  /** A newest commit that cannot be read now is a fault of its own: what runs is kept in order all the same. */
  async #pass(): Promise<void> {
    if (!this.#started) await this.#start();
    if (this.#head !== null && this.#head !== this.#adopted) await this.#adopt(this.#head);
    await this.#look();
    const unread = this.#unread;
    if (unread !== null) throw unread;
  }

  async #look(): Promise<void> {
    await this.#reruns.carryOut(async (rerun) => await this.#runAgain(rerun));
    this.#gate.look();
    const held = this.#held();
    if (held !== null) await this.#watch.conclude(held.plan, held.verdict);
    if (this.#gate.isKeeping) this.#wakeUps.in(this.#gate.changesWithin(LOOK_AGAIN_MILLISECONDS));
    const { ports, fleet, grid } = this.#options;
    this.#prepared = this.#renewals.of(this.#prepared, this.view.gate.open);
    // A store that was restored from a backup knows an older commit: only git says what is wanted now.
    const isOld = this.#adopted === null && fleet.isOutrun(grid);
    const wanted = isOld ? null : this.#prepared;
    if (wanted === null) return await this.#endUnplanned();
    await this.#assigner.tellAccounts(wanted.desired.grid);
    const network = await ports.network(wanted.desired.grid, new Map());
    const overdue = this.#watch.overdue(wanted.desired.grid);
    this.#outlook = await this.#planning.look({ prepared: wanted, network, overdue });
    await this.#carryOut(this.#outlook, { network, isHeld: held !== null });
    const mayChange = fleet.hasAbsent(grid) || this.#renewals.isNeeded(this.#outlook.prepared);
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
    await this.#assigner.carryOut(steps, all);
    const { refusals } = this.#assigner;
    const isVisit = visiting.length > 0;
    if (!isHeld && this.#isOwn())
      await this.#watch.follow(prepared.desired.grid, {
        plan,
        problems: this.#problems,
        refusals: isVisit ? none : refusals,
      });
    if (this.#visit !== null) await environments.follow(this.#visit, isVisit ? refusals : none);
  }

  /** What pull requests want comes after what the branch wants, and nothing while the grid is frozen. */
  #visitingSteps(): Plan['waves'][number]['steps'] {
    const { gate } = this.view;
    if (!gate.open && gate.because === 'frozen') return [];
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

  /** Before any commit is read, the last good definition is kept running: git may be unreachable for long. */
  async #start(): Promise<void> {
    const { grid, ports, deploys } = this.#options;
    const good = await ports.lastGood(grid);
    if (good !== null) this.#prepared = fromLastGood(good);
    this.#inputs = good?.inputs ?? null;
    await deploys.resume();
    await this.#planning.load();
    this.#problems = deploys.current?.problems ?? [];
    const errors = this.#problems.filter((problem) => problem.severity === 'error');
    this.#failedStacks = new Set(errors.flatMap(({ stack }) => stack ?? []));
    this.#watch.restart();
    this.#started = true;
  }

  async #adopt(head: GridHead): Promise<void> {
    const { deploys } = this.#options;
    if (changesNothing(head, this.#adopted) && !this.#gate.isKeeping) {
      await deploys.carry(head);
      this.#adopted = head;
      return;
    }
    const revision = await this.#read(head);
    if (revision === null) return;
    const approved = this.#isKnown(head) && deploys.isApproved;
    const passes = this.#gate.lets(head, revision, { approved });
    // What was let through before gets to its end first, and is told about until then.
    const { active } = deploys;
    if (!passes && active !== null && active.phase !== 'held' && this.#isOwn()) return;
    const { compiled, prepared } = revision;
    if (passes) {
      await keepRevision(this.#options, head, revision);
      if (prepared !== null) await this.#want(prepared);
      this.#inputs = head.inputs ?? '';
    }
    this.#problems = compiled.problems;
    this.#failedStacks = new Set(compiled.failed);
    if (passes && prepared !== null && !revision.isWanted)
      await this.#options.ports.review.adopted(head, () => this.#preview(prepared));
    if (this.#isKnown(head)) await deploys.carry(head, compiled.problems);
    else await this.#begin(head, compiled.problems);
    if (passes) this.#adopted = head;
  }

  async #read(head: GridHead): Promise<Revision | null> {
    try {
      return await this.#gate.read(head, () => readRevision(this.#options, head));
    } catch (error) {
      this.#unread = error instanceof Error ? error : new Error(errorMessage(error));
      return null;
    }
  }

  /** What was rolled back may only have lacked an account. */
  async #want(prepared: Prepared): Promise<void> {
    const [before, now] = [this.#prepared, prepared].map((one) => one?.desired.grid.registries);
    if (!areSameAccounts(before, now)) await this.#planning.retry();
    this.#prepared = prepared;
  }

  /** For people to read: nothing comes of it. */
  #preview(of: Prepared): Plan {
    return this.#options.ports.preview((this.#renewals.of(of, false) ?? of).desired);
  }

  /** What is wanted now has a say as well: no commit takes the rule away by itself. */
  #objection(head: GridHead, of: Prepared): string | null {
    const grids = [of.desired.grid, this.#prepared?.desired.grid];
    if (!grids.some((grid) => grid?.requireReviewedPlan === true)) return null;
    return this.#options.ports.review.objection(head, () => this.#preview(of));
  }

  /** The last deploy was of this very content: a restart must not deploy it again. */
  #isKnown(head: GridHead): boolean {
    const last = this.#options.deploys.current;
    if (last === null || last.phase === 'superseded') return false;
    if (last.repository !== '' && last.repository !== head.repository) return false;
    const isSame = head.inputs !== null && last.inputs === head.inputs;
    // With stacks from elsewhere the same commit may say something new.
    return isSame || (last.sha === head.sha && head.foreign === undefined);
  }

  async #begin(head: GridHead, problems: readonly Problem[]): Promise<void> {
    const { deploys, grid, log } = this.#options;
    await deploys.begin({
      ...originOf(head),
      trigger: 'commit',
      actor: null,
      problems,
    });
    this.#watch.begun();
    log.info({ grid, revision: head.sha, problems: problems.length }, 'deploy begun');
    await this.#failIfFatal();
  }

  /** Nothing is known to be wanted, so a deploy ends by its problems alone, however it came to be. */
  async #endUnplanned(): Promise<void> {
    if (this.#options.deploys.active !== null) await this.#failIfFatal();
  }

  async #failIfFatal(): Promise<void> {
    const fatal = this.#problems.find(
      (problem) => problem.severity === 'error' && problem.stack === undefined,
    );
    if (fatal !== undefined) await this.#options.deploys.fail(fatal.message);
  }

  async #runAgain({ actor, nodes }: Rerun): Promise<RerunOutcome> {
    const started = await this.#beginAgain(actor);
    await this.#planning.retry();
    await this.#assigner.repeat(nodes);
    return { started, id: this.#options.deploys.current?.id ?? '' };
  }

  async #beginAgain(actor: string): Promise<boolean> {
    const { deploys } = this.#options;
    if (deploys.active !== null || this.#adopted === null) return false;
    const origin = originOf(this.#adopted);
    const problems = this.#problems;
    await deploys.begin({ ...origin, trigger: 'request', actor, problems });
    return true;
  }

  /** The commit that must wait, once the present deploy is of it. */
  #held(): Waiting | null {
    const { waiting } = this.#gate;
    return waiting !== null && this.#isKnown(waiting.head) ? waiting : null;
  }

  /** The present deploy is of what is wanted. That of a commit which must wait is not. */
  #isOwn(): boolean {
    return this.#options.deploys.current?.inputs === this.#inputs;
  }
}
