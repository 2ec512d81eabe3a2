import type { Assignment } from '../model/assignment.ts';
import type { DesiredState } from '../model/desired.ts';
import { errorMessage, GridError } from '../model/error.ts';
import type { ObservedState } from '../model/observed.ts';
import { isConverged, type Plan, type Step } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { SourceTree } from '../model/source.ts';
import type { PlanPolicy } from '../planner/plan.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import type { Deploy } from '../store/deploys.ts';
import { nextAssignment } from './assign.ts';
import type { DeployLog } from './deploy-log.ts';
import type { Fleet } from './fleet.ts';
import {
  type CompiledGrid,
  fromLastGood,
  type LastGood,
  type Prepared,
  prepare,
} from './prepare.ts';
import { judge } from './verdict.ts';

/** The newest commit of the branch and this grid's inputs in it; `null` inputs: the commit has no such grid. */
export interface GridHead {
  readonly sha: string;
  readonly inputs: string | null;
}

export interface ControllerPorts {
  readonly source: (sha: string, grid: string) => Promise<SourceTree>;
  readonly compile: (source: SourceTree, grid: string) => CompiledGrid;
  readonly plan: (input: {
    desired: DesiredState;
    observed: ObservedState;
    now: number;
    policy: PlanPolicy;
  }) => Plan;
  readonly lastGood: (grid: string) => Promise<LastGood | null>;
  readonly putLastGood: (grid: string, good: LastGood & { inputs: string }) => Promise<void>;
  readonly assign: (assignment: Assignment) => Promise<void>;
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
  #head: GridHead | null = null;
  #adopted: GridHead | null = null;
  #prepared: Prepared | null = null;
  #problems: readonly Problem[] = [];
  #plan: Plan | null = null;
  #open: ReadonlySet<string> = new Set();
  #started = false;
  #failedStacks: ReadonlySet<string> = new Set();
  readonly #reruns: Rerun[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#flight = new SingleFlight(
      () => this.#pass(),
      (error) => {
        options.log.error(
          { grid: options.grid, error: errorMessage(error) },
          'controller pass failed',
        );
        this.#wakeIn(RETRY_MILLISECONDS);
      },
    );
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
    this.#flight.wake();
    return 'approved';
  }

  async idle(): Promise<void> {
    await this.#flight.idle();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#flight.stop();
  }

  async #pass(): Promise<void> {
    if (!this.#started) await this.#start();
    if (this.#head !== null && this.#head !== this.#adopted) await this.#adopt(this.#head);
    for (const rerun of this.#reruns.splice(0)) await this.#runAgain(rerun);
    const prepared = this.#prepared;
    if (prepared === null) return;
    const plan = this.#look(prepared.desired);
    await this.#dispatch(plan, prepared);
    await this.#follow(plan, prepared);
    if (!isConverged(plan) || this.#hasAbsentNodes()) this.#wakeIn(LOOK_AGAIN_MILLISECONDS);
  }

  /** Before any commit is read, the last good definition is kept running: git may be unreachable for long. */
  async #start(): Promise<void> {
    const { grid, ports, deploys } = this.#options;
    const good = await ports.lastGood(grid);
    if (good !== null) this.#prepared = fromLastGood(good);
    await deploys.resume();
    this.#started = true;
  }

  async #adopt(head: GridHead): Promise<void> {
    const { deploys } = this.#options;
    if (head.inputs !== null && head.inputs === this.#adopted?.inputs) {
      await deploys.carry(head.sha);
      this.#adopted = head;
      return;
    }
    const compiled = await this.#compile(head);
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

  async #compile(head: GridHead): Promise<CompiledGrid> {
    const { grid, ports } = this.#options;
    const compiled = await this.#read(head);
    const prepared = prepare(compiled, await ports.lastGood(grid), head.sha);
    if (prepared !== null) this.#prepared = prepared;
    if (compiled.grid !== null && prepared !== null) {
      const { stacks } = prepared.desired;
      await ports.putLastGood(grid, {
        sha: head.sha,
        inputs: head.inputs ?? '',
        grid: compiled.grid,
        stacks,
      });
    }
    return compiled;
  }

  /** Faults that trying again cannot cure (a grid that is too large to read) are problems of the commit. */
  async #read(head: GridHead): Promise<CompiledGrid> {
    const { grid, ports } = this.#options;
    if (head.inputs === null)
      return ports.compile({ sha: head.sha, inputs: '', files: new Map() }, grid);
    try {
      return ports.compile(await ports.source(head.sha, grid), grid);
    } catch (error) {
      if (!(error instanceof GridError) || error.retry !== 'never') throw error;
      return unreadable(grid, error);
    }
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
    const fatal = problems.find(
      (problem) => problem.severity === 'error' && problem.stack === undefined,
    );
    if (fatal !== undefined) await deploys.fail(fatal.message);
  }

  async #runAgain(rerun: Rerun): Promise<void> {
    try {
      const started = await this.#beginAgain(rerun.actor);
      await this.#tryAtOnce(rerun.nodes);
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

  async #tryAtOnce(nodes: ReadonlySet<string>): Promise<void> {
    const { fleet, grid, ports } = this.#options;
    // A new generation with the same content makes the agent forget its backoff and try at once.
    for (const name of nodes) {
      const known = fleet.get(grid, name)?.assignment;
      if (known !== undefined && known !== null)
        await ports.assign({ ...known, generation: known.generation + 1 });
    }
  }

  #look(desired: DesiredState): Plan {
    const { fleet, grid, clock, ports, policy, deploys } = this.#options;
    const now = clock.now();
    const confirmed = deploys.current?.approvedHash ?? null;
    const observed = fleet.observedState(grid, desired.grid.nodes);
    this.#plan = ports.plan({ desired, observed, now, policy: { ...policy, confirmed } });
    return this.#plan;
  }

  /** Only the first wave: the next one becomes the first when this one is observed to be done. */
  async #dispatch(plan: Plan, prepared: Prepared): Promise<void> {
    const { fleet, grid, ports, deploys, onEvent } = this.#options;
    const roster = fleet.nodes(grid).map((node) => node.name);
    for (const [name, steps] of byNode(plan.waves[0]?.steps ?? [])) {
      const node = fleet.get(grid, name);
      if (node === null) continue;
      const { services, desired } = prepared;
      const next = nextAssignment({ node, steps, services, revision: desired.revision, roster });
      if (next === null) continue;
      await ports.assign(next);
      if (deploys.active !== null) await deploys.dispatched(steps);
      else
        for (const step of steps)
          onEvent({
            severity: 'warning',
            kind: 'repair',
            path: step.stack,
            message: `${step.kind}: ${step.reason}`,
          });
    }
  }

  async #follow(plan: Plan, prepared: Prepared): Promise<void> {
    const { deploys, clock, fleet, grid } = this.#options;
    const current = deploys.current;
    if (current === null) return;
    const verdict = judge({
      plan,
      problems: this.#problems,
      hasNodes: fleet.nodes(grid).length > 0,
      elapsed: clock.now() - (current.startedAt ?? clock.now()),
      timeout: prepared.desired.grid.deployTimeout * 1_000,
    });
    const before = current.phase;
    if (deploys.active !== null)
      for (const path of this.#open)
        if (!verdict.open.has(path)) await deploys.entry('updated', path, 'as desired');
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

function unreadable(grid: string, error: GridError): CompiledGrid {
  const problem: Problem = {
    severity: 'error',
    code: error.code,
    message: error.message,
    position: { file: `grids/${grid}`, line: 1, column: 1 },
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
  return { grid: null, stacks: [], failed: [], problems: [problem] };
}

interface Rerun {
  /** Nodes whose failed instances must not wait for their backoff. */
  readonly nodes: ReadonlySet<string>;
  readonly actor: string;
  readonly resolve: (outcome: { readonly started: boolean; readonly id: string }) => void;
  readonly reject: (error: unknown) => void;
}

function byNode(steps: readonly Step[]): ReadonlyMap<string, Step[]> {
  const nodes = new Map<string, Step[]>();
  for (const step of steps) {
    const same = nodes.get(step.node);
    if (same === undefined) nodes.set(step.node, [step]);
    else same.push(step);
  }
  return nodes;
}
