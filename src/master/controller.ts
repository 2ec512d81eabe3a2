import type { Assignment } from '../model/assignment.ts';
import type { DesiredState } from '../model/desired.ts';
import { errorMessage, GridError } from '../model/error.ts';
import type { Grid } from '../model/grid.ts';
import type { ObservedState } from '../model/observed.ts';
import { isConverged, type Plan, type Step } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { NetworkOutlook } from '../planner/network-map.ts';
import type { PlanPolicy } from '../planner/plan.ts';
import { isCovered } from '../planner/prune.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import type { Deploy } from '../store/deploys.ts';
import { Assigner, type Refusal } from './assigner.ts';
import type { DeployLog } from './deploy-log.ts';
import { FaultNotice } from './fault-notice.ts';
import type { Fleet } from './fleet.ts';
import { type Arrivals, arrivalsOf } from './network-demand.ts';
import { fromLastGood, type Prepared } from './prepare.ts';
import { type GridHead, type RevisionPorts, readRevision } from './revision.ts';
import { judge, settledPaths } from './verdict.ts';

export interface ControllerPorts extends RevisionPorts {
  readonly plan: (input: {
    desired: DesiredState;
    observed: ObservedState;
    now: number;
    policy: PlanPolicy;
    network: NetworkOutlook;
  }) => Plan;
  /** The grid's network as it follows from its definition and its nodes: when it resolves, they have been sent the map. */
  readonly network: (grid: Grid, arrivals: Arrivals) => Promise<NetworkOutlook>;
  readonly assign: (assignment: Assignment) => Promise<void>;
  /** A fault of ours that stays keeps a commit from being deployed. */
  readonly fault: (fault: { readonly sha: string; readonly message: string }) => Promise<void>;
}

export interface ControllerOptions {
  readonly grid: string;
  readonly ports: ControllerPorts;
  readonly policy: PlanPolicy;
  readonly fleet: Fleet;
  readonly deploys: DeployLog;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEvent: (event: {
    readonly severity: 'info' | 'warning' | 'error';
    readonly kind: string;
    readonly path: string;
    readonly message: string;
  }) => void;
}

/** How soon to look again by itself while something is not as desired: for grace periods and timeouts, not for progress. */
const LOOK_AGAIN_MILLISECONDS = 5_000;
/** How long reports are gathered before they are looked at. */
const GATHER_MILLISECONDS = { least: 2, most: 250 } as const;
/** Of the time that a pass takes. */
const GATHER_FACTOR = 3;
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
  #head: GridHead | null = null;
  #adopted: GridHead | null = null;
  #prepared: Prepared | null = null;
  #problems: readonly Problem[] = [];
  #plan: Plan | null = null;
  #open: ReadonlySet<string> = new Set();
  #started = false;
  /** Since when the deploy could go on: while it is held, or nobody is here to carry it out, its time does not run. */
  #since = 0;
  #failedStacks: ReadonlySet<string> = new Set();
  readonly #reruns: Rerun[] = [];
  #timer: NodeJS.Timeout | null = null;
  #gathering: NodeJS.Timeout | null = null;
  #gatherFor: number = GATHER_MILLISECONDS.least;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#flight = new SingleFlight(
      () => this.#timedPass(),
      (error) => void this.#failed(error),
    );
    this.#assigner = new Assigner({
      grid: options.grid,
      fleet: options.fleet,
      clock: options.clock,
      assign: options.ports.assign,
      onAssigned: async (steps) => await this.#assigned(steps),
      onRefused: async (refusal) => await this.#refused(refusal),
    });
    this.#faults = new FaultNotice({
      clock: options.clock,
      sha: () => this.#head?.sha ?? options.deploys.current?.sha ?? null,
      tell: options.ports.fault,
      takeBack: async () => await options.deploys.announceAgain(),
    });
  }

  /** What the last pass found; for the API. */
  get view(): {
    readonly head: GridHead | null;
    readonly prepared: Prepared | null;
    readonly problems: readonly Problem[];
    readonly failedStacks: ReadonlySet<string>;
    readonly plan: Plan | null;
    readonly deployId: string | null;
  } {
    return {
      head: this.#head,
      prepared: this.#prepared,
      problems: this.#problems,
      failedStacks: this.#failedStacks,
      plan: this.#plan,
      deployId: this.#options.deploys.current?.id ?? null,
    };
  }

  revise(head: GridHead): void {
    this.#head = head;
    this.#flight.wake();
  }

  wake(): void {
    this.#flight.wake();
  }

  /**
   * Something was reported. A pass over thousands of nodes takes long, and as many reports may come at once: they are
   * gathered for longer than the last pass took, so that looking never takes more than a quarter of the time.
   */
  observed(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = null;
      this.#flight.wake();
    }, this.#gatherFor);
  }

  /** Runs the head once more: a new deploy unless one is under way, and failed instances are tried again at once. */
  async redeploy(actor: string): Promise<{ readonly started: boolean; readonly id: string }> {
    if (this.#adopted === null)
      throw new GridError({
        code: 'invalid-request',
        message: `no commit with grid ${this.#options.grid} was read yet`,
        hint: 'See `gridops status` for why the repository cannot be read.',
      });
    const nodes = new Set(this.#plan?.halted.map((halted) => halted.node) ?? []);
    return await new Promise((resolve, reject) => {
      this.#reruns.push({ nodes, actor, resolve, reject });
      this.#flight.wake();
    });
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
    if (this.#plan?.hash !== of.planHash) return 'changed';
    await deploys.approve(of.planHash, of.actor);
    this.#since = this.#options.clock.now();
    this.#flight.wake();
    return 'approved';
  }

  async idle(): Promise<void> {
    await this.#flight.idle();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#gathering !== null) clearTimeout(this.#gathering);
    await this.#flight.stop();
  }

  async #timedPass(): Promise<void> {
    const { clock } = this.#options;
    const began = clock.now();
    await this.#pass();
    await this.#faults.recovered();
    const { least, most } = GATHER_MILLISECONDS;
    this.#gatherFor = Math.min(most, Math.max(least, GATHER_FACTOR * (clock.now() - began)));
  }

  async #pass(): Promise<void> {
    if (!this.#started) await this.#start();
    if (this.#head !== null && this.#head !== this.#adopted) await this.#adopt(this.#head);
    for (const rerun of this.#reruns.splice(0)) await this.#runAgain(rerun);
    const prepared = this.#prepared;
    const { ports } = this.#options;
    if (prepared === null) return await this.#endUnplanned();
    const network = await ports.network(prepared.desired.grid, new Map());
    const plan = this.#look(prepared.desired, network);
    // Only the first wave: the next one becomes the first when this one is observed to be done.
    const steps = plan.waves[0]?.steps ?? [];
    const arrivals = arrivalsOf(steps, prepared.services);
    if (arrivals.size > 0) await ports.network(prepared.desired.grid, arrivals);
    await this.#assigner.carryOut(steps, prepared);
    await this.#follow(plan, prepared);
    if (!isConverged(plan) || this.#hasAbsentNodes()) this.#wakeIn(LOOK_AGAIN_MILLISECONDS);
  }

  async #failed(error: unknown): Promise<void> {
    const { grid, log, onEvent } = this.#options;
    const message = errorMessage(error);
    log.error({ grid, error: message }, 'controller pass failed');
    this.#wakeIn(RETRY_MILLISECONDS);
    try {
      if (await this.#faults.failed(error))
        onEvent({ severity: 'error', kind: 'controller-failed', path: '', message });
    } catch (untold) {
      log.error({ grid, error: errorMessage(untold) }, 'fault not told');
    }
  }

  /** Before any commit is read, the last good definition is kept running: git may be unreachable for long. */
  async #start(): Promise<void> {
    const { grid, ports, deploys, clock } = this.#options;
    const good = await ports.lastGood(grid);
    if (good !== null) this.#prepared = fromLastGood(good);
    await deploys.resume();
    this.#problems = deploys.current?.problems ?? [];
    const errors = this.#problems.filter((problem) => problem.severity === 'error');
    this.#failedStacks = new Set(errors.flatMap(({ stack }) => stack ?? []));
    this.#since = clock.now();
    this.#started = true;
  }

  async #adopt(head: GridHead): Promise<void> {
    const { deploys } = this.#options;
    if (head.inputs !== null && head.inputs === this.#adopted?.inputs) {
      await deploys.carry(head.sha);
      this.#adopted = head;
      return;
    }
    const { compiled, prepared } = await readRevision(this.#options, head);
    if (prepared !== null) this.#prepared = prepared;
    this.#problems = compiled.problems;
    this.#failedStacks = new Set(compiled.failed);
    if (this.#isKnown(head)) await deploys.carry(head.sha);
    else await this.#begin(head, compiled.problems);
    this.#adopted = head;
  }

  /** The last deploy was of this very content: a restart must not deploy it again. */
  #isKnown(head: GridHead): boolean {
    const last = this.#options.deploys.current;
    if (last === null || last.phase === 'superseded') return false;
    return last.sha === head.sha || (head.inputs !== null && last.inputs === head.inputs);
  }

  async #begin(head: GridHead, problems: readonly Problem[]): Promise<void> {
    const { deploys, grid, log } = this.#options;
    await deploys.begin({
      sha: head.sha,
      inputs: head.inputs ?? '',
      trigger: 'commit',
      actor: null,
      problems,
    });
    this.#open = new Set();
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

  async #runAgain(rerun: Rerun): Promise<void> {
    try {
      const started = await this.#beginAgain(rerun.actor);
      await this.#assigner.repeat(rerun.nodes);
      rerun.resolve({ started, id: this.#options.deploys.current?.id ?? '' });
    } catch (error) {
      rerun.reject(error);
      throw error;
    }
  }

  async #beginAgain(actor: string): Promise<boolean> {
    const { deploys } = this.#options;
    if (deploys.active !== null || this.#adopted === null) return false;
    const { sha, inputs } = this.#adopted;
    const problems = this.#problems;
    await deploys.begin({ sha, inputs: inputs ?? '', trigger: 'request', actor, problems });
    return true;
  }

  #look(desired: DesiredState, network: NetworkOutlook): Plan {
    const { fleet, grid, clock, ports, policy, deploys } = this.#options;
    const now = clock.now();
    const observed = fleet.observedState(grid, desired.grid.nodes);
    const input = { desired, observed, now, policy, network };
    const plan = ports.plan(input);
    const { approved } = deploys;
    // While an approved plan is carried out, what is left of it is another plan; it stays within what the person has read.
    const isApproved =
      plan.confirmation !== null && approved !== null && isCovered(plan.confirmation, approved);
    this.#plan = isApproved
      ? ports.plan({ ...input, policy: { ...policy, confirmed: plan.hash } })
      : plan;
    return this.#plan;
  }

  async #assigned(steps: readonly Step[]): Promise<void> {
    const { deploys, onEvent } = this.#options;
    if (deploys.active !== null) return await deploys.dispatched(steps);
    for (const step of steps)
      onEvent({
        severity: 'warning',
        kind: 'repair',
        path: step.stack,
        message: `${step.kind}: ${step.reason}`,
      });
  }

  async #refused({ assignment, reason }: Refusal): Promise<void> {
    const { deploys, onEvent, log, grid } = this.#options;
    log.error({ grid, node: assignment.node, reason }, 'node not assigned');
    onEvent({ severity: 'error', kind: 'node-not-assigned', path: '', message: reason });
    if (deploys.active !== null) await deploys.entry('refused', '', reason);
  }

  async #follow(plan: Plan, prepared: Prepared): Promise<void> {
    const { deploys, clock, fleet, grid } = this.#options;
    const current = deploys.current;
    if (current === null) return;
    const now = clock.now();
    if (current.phase === 'held') this.#since = now;
    const verdict = judge({
      plan,
      problems: this.#problems,
      refusals: this.#assigner.refusals,
      hasNodes: fleet.nodes(grid).length > 0,
      elapsed: now - Math.max(current.startedAt ?? now, this.#since),
      timeout: prepared.desired.grid.deployTimeout * 1_000,
    });
    const before = current.phase;
    if (deploys.active !== null)
      for (const path of settledPaths(this.#open, verdict.open, plan))
        await deploys.entry('updated', path, 'as desired');
    this.#open = verdict.open;
    await deploys.follow(plan, verdict);
    const after = deploys.current;
    if (after !== null && after.phase !== before) await this.#report(after);
  }

  async #report(deploy: Deploy): Promise<void> {
    const { deploys, onEvent, grid, log } = this.#options;
    const { phase, sha } = deploy;
    const message = phase === 'running' ? (deploy.summary ?? '') : (deploy.message ?? '');
    log.info({ grid, revision: sha, phase }, `deploy ${phase}: ${message}`);
    await deploys.entry(phase, '', message);
    const text = `${sha.slice(0, 7)}: ${message}`;
    const severity = phase === 'failed' ? 'error' : 'info';
    onEvent({ severity, kind: `deploy-${phase}`, path: '', message: text });
  }

  #hasAbsentNodes(): boolean {
    return this.#options.fleet.nodes(this.#options.grid).some((node) => !node.online);
  }

  #wakeIn(milliseconds: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flight.wake(), milliseconds);
    this.#timer.unref();
  }
}

interface Rerun {
  /** Nodes whose failed instances must not wait for their backoff. */
  readonly nodes: ReadonlySet<string>;
  readonly actor: string;
  readonly resolve: (outcome: { readonly started: boolean; readonly id: string }) => void;
  readonly reject: (error: unknown) => void;
}
