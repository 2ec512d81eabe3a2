import type { Freeze } from '../model/deploy-window.ts';
import type { DesiredState } from '../model/desired.ts';
import { errorMessage } from '../model/error.ts';
import type { Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { areSameAccounts } from '../model/registry-account.ts';
import type { Gate } from '../planner/gate.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { closedMessage, DeployGate, type Waiting } from './deploy-gate.ts';
import type { DeployLog } from './deploy-log.ts';
import type { Fleet } from './fleet.ts';
import type { PlanReview } from './plan-review.ts';
import { fromLastGood, type Prepared } from './prepare.ts';
import { Renewals } from './renewals.ts';
import {
  changesNothing,
  type GridHead,
  keepRevision,
  originOf,
  type Revision,
  type RevisionPorts,
  readRevision,
} from './revision.ts';

export interface AdoptionPorts extends RevisionPorts {
  /** Plans what may not be deployed yet, for people to read. */
  readonly preview: (desired: DesiredState) => Plan;
  readonly review: PlanReview;
  /** The freeze that is in force. */
  readonly freeze: () => Freeze | null;
}

export interface AdoptionOptions {
  readonly grid: string;
  readonly ports: AdoptionPorts;
  readonly deploys: DeployLog;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly log: Log;
  /** A deploy of another commit has begun. */
  readonly onBegun: () => void;
  /** The accounts at registries are others: what failed may have lacked one. */
  readonly onAccounts: () => Promise<void>;
}

/**
 * What is wanted of one grid, and by which commit. The newest commit is adopted when it can be read and the gate lets it
 * through; until then what was wanted before goes on being wanted. The deploy log is told of each commit, adopted or not.
 */
export class Adoption {
  readonly #options: AdoptionOptions;
  readonly #gate: DeployGate;
  readonly #renewals: Renewals;
  #head: GridHead | null = null;
  #adopted: GridHead | null = null;
  #prepared: Prepared | null = null;
  #problems: readonly Problem[] = [];
  #failedStacks: ReadonlySet<string> = new Set();
  /** Of what is wanted now; `null` before anything is known. */
  #inputs: string | null = null;

  constructor(options: AdoptionOptions) {
    this.#options = options;
    this.#renewals = new Renewals(options);
    this.#gate = new DeployGate({
      clock: options.clock,
      freeze: options.ports.freeze,
      preview: (of) => this.#preview(of),
      objection: (head, of) => this.#objection(head, of),
    });
  }

  /** The newest commit. */
  get head(): GridHead | null {
    return this.#head;
  }

  /** A commit was adopted since this master was started. */
  get isCurrent(): boolean {
    return this.#adopted !== null;
  }

  /** What is wanted; `null` where nothing is known to be. */
  get wanted(): Prepared | null {
    return this.#prepared;
  }

  /** Of the newest commit that was read. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  get failedStacks(): ReadonlySet<string> {
    return this.#failedStacks;
  }

  get gate(): Gate {
    return this.#gate.state(this.#prepared?.desired.grid.windows);
  }

  /** Until when and by whom the grid is frozen; `null`: it is not. */
  get frozen(): string | null {
    const { gate } = this;
    if (gate.open || gate.because !== 'frozen') return null;
    return closedMessage(gate, this.#options.ports.freeze());
  }

  /** The commit that must wait, once the present deploy is of it. */
  get held(): Waiting | null {
    const { waiting } = this.#gate;
    return waiting !== null && this.#isKnown(waiting.head) ? waiting : null;
  }

  /** Why the newest commit waits, also before its deploy has begun; `null`: it does not. */
  get obstacle(): string | null {
    return this.#gate.waiting?.verdict.message ?? null;
  }

  /** The present deploy is of what is wanted. That of a commit which must wait is not. */
  get isOwn(): boolean {
    return this.#options.deploys.current?.inputs === this.#inputs;
  }

  revise(head: GridHead): void {
    this.#head = head;
  }

  /** Before any commit is read, the last good definition is kept running: git may be unreachable for long. */
  async start(): Promise<void> {
    const { grid, ports, deploys } = this.#options;
    const good = await ports.lastGood(grid);
    if (good !== null) this.#prepared = fromLastGood(good);
    this.#inputs = good?.inputs ?? null;
    await deploys.resume();
    this.#problems = deploys.current?.problems ?? [];
    const errors = this.#problems.filter((problem) => problem.severity === 'error');
    this.#failedStacks = new Set(errors.flatMap(({ stack }) => stack ?? []));
  }

  /** Adopts the newest commit if it may. Resolves to why it could not be read: that is a fault of it alone. */
  async follow(): Promise<Error | null> {
    const head = this.#head;
    if (head === null || head === this.#adopted) return null;
    const { deploys } = this.#options;
    if (changesNothing(head, this.#adopted) && !this.#gate.isKeeping) {
      await deploys.carry(head);
      this.#adopted = head;
      return null;
    }
    const revision = await this.#read(head);
    if (revision instanceof Error) return revision;
    await this.#adopt(head, revision);
    return null;
  }

  /** Looks at the gate again. Milliseconds after which to do so once more, `most` at most; `null`: nothing waits. */
  look(most: number): number | null {
    this.#gate.look();
    return this.#gate.isKeeping ? this.#gate.changesWithin(most) : null;
  }

  /** What is wanted, with what is to be deployed anew by now. */
  renew(): Prepared | null {
    this.#prepared = this.#renewals.of(this.#prepared, this.gate.open);
    return this.#prepared;
  }

  /** Whether time alone may change what is wanted. */
  isPeriodic(of: Prepared): boolean {
    return this.#renewals.isNeeded(of);
  }

  /** The commit that waits goes through at the next look. */
  force(): void {
    this.#gate.force();
  }

  /** A new deploy of what was adopted; `false`: one is under way, or nothing was adopted. */
  async beginAgain(actor: string): Promise<boolean> {
    const { deploys } = this.#options;
    if (deploys.active !== null || this.#adopted === null) return false;
    const origin = originOf(this.#adopted);
    const problems = this.#problems;
    await deploys.begin({ ...origin, trigger: 'request', actor, problems });
    return true;
  }

  /** Nothing is known to be wanted, so a deploy ends by its problems alone, however it came to be. */
  async endUnplanned(): Promise<void> {
    if (this.#options.deploys.active !== null) await this.#failIfFatal();
  }

  async #read(head: GridHead): Promise<Revision | Error> {
    try {
      return await this.#gate.read(head, () => readRevision(this.#options, head));
    } catch (error) {
      return error instanceof Error ? error : new Error(errorMessage(error));
    }
  }

  async #adopt(head: GridHead, revision: Revision): Promise<void> {
    const { deploys, ports } = this.#options;
    const approved = this.#isKnown(head) && deploys.isApproved;
    const passes = this.#gate.lets(head, revision, { approved });
    // What was let through before gets to its end first, and is told about until then.
    const { active } = deploys;
    if (!passes && active !== null && active.phase !== 'held' && this.isOwn) return;
    const { compiled, prepared } = revision;
    if (passes) {
      await keepRevision(this.#options, head, revision);
      if (prepared !== null) await this.#want(prepared);
      this.#inputs = head.inputs ?? '';
    }
    this.#problems = compiled.problems;
    this.#failedStacks = new Set(compiled.failed);
    if (passes && prepared !== null && !revision.isWanted)
      await ports.review.adopted(head, () => this.#preview(prepared));
    if (this.#isKnown(head)) await deploys.carry(head, compiled.problems);
    else await this.#begin(head, compiled.problems);
    if (passes) this.#adopted = head;
  }

  /** What was rolled back may only have lacked an account. */
  async #want(prepared: Prepared): Promise<void> {
    const [before, now] = [this.#prepared, prepared].map((one) => one?.desired.grid.registries);
    if (!areSameAccounts(before, now)) await this.#options.onAccounts();
    this.#prepared = prepared;
  }

  async #begin(head: GridHead, problems: readonly Problem[]): Promise<void> {
    const { deploys, grid, log } = this.#options;
    await deploys.begin({ ...originOf(head), trigger: 'commit', actor: null, problems });
    this.#options.onBegun();
    log.info({ grid, revision: head.sha, problems: problems.length }, 'deploy begun');
    await this.#failIfFatal();
  }

  async #failIfFatal(): Promise<void> {
    const fatal = this.#problems.find(
      (problem) => problem.severity === 'error' && problem.stack === undefined,
    );
    if (fatal !== undefined) await this.#options.deploys.fail(fatal.message);
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
}
