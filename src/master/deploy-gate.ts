import type { DeployWindow, Freeze } from '../model/deploy-window.ts';
import { GridError } from '../model/error.ts';
import type { Plan } from '../model/plan.ts';
import { type ClosedGate, type Gate, gateAt } from '../planner/gate.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Prepared } from './prepare.ts';
import { changesNothing, type GridHead, type Revision } from './revision.ts';
import { judge, type Verdict } from './verdict.ts';

export interface DeployGateOptions {
  readonly clock: Clock;
  readonly freeze: () => Freeze | null;
  /** What would be done to get there; for people to read, nothing comes of it. */
  readonly preview: (prepared: Prepared) => Plan;
  /** Why a person has to confirm a commit although the grid is open; `null`: nobody has to. */
  readonly objection: (head: GridHead, prepared: Prepared) => string | null;
}

/** A commit that is good to deploy, and must not be yet. */
export interface Waiting {
  readonly head: GridHead;
  readonly prepared: Prepared;
  /** What would be done if it were let through now. */
  readonly plan: Plan;
  readonly gate: ClosedGate;
  readonly verdict: Verdict;
}

/**
 * Keeps the newest commit from becoming what is wanted while its grid is frozen or outside of its deploy windows. The
 * commit's own grid.yml says the windows: whoever may change it may deploy, and a window that was a mistake can be mended.
 * What is wanted already goes on being wanted: nodes are repaired, and a deploy that was begun gets to its end.
 */
export class DeployGate {
  readonly #options: DeployGateOptions;
  #revision: { readonly head: GridHead; readonly of: Revision } | null = null;
  #stopped: { readonly head: GridHead; readonly prepared: Prepared } | null = null;
  #waiting: Waiting | null = null;
  #forced: GridHead | null = null;
  #known: { readonly windows: readonly DeployWindow[]; freeze: Freeze | null; gate: Gate } | null =
    null;

  constructor(options: DeployGateOptions) {
    this.#options = options;
  }

  /** The commit that waits, as of the last look. */
  get waiting(): Waiting | null {
    return this.#waiting;
  }

  /** A commit is being kept, whether it was looked at or not. */
  get isKeeping(): boolean {
    return this.#stopped !== null;
  }

  /** What a head says. Read once for as long as it waits: each pass asks. */
  async read(head: GridHead, read: () => Promise<Revision>): Promise<Revision> {
    const known = this.#revision;
    if (known !== null && sameHead(known.head, head)) return known.of;
    const of = await read();
    this.#revision = { head, of };
    return of;
  }

  /** Whether the head may become what is wanted. `approved`: a person has read its plan and said yes. */
  lets(head: GridHead, revision: Revision, { approved }: { readonly approved: boolean }): boolean {
    const { prepared, isWanted } = revision;
    const passes =
      prepared === null ||
      isWanted ||
      approved ||
      (this.#forced !== null && sameHead(this.#forced, head)) ||
      this.#opens(head, prepared);
    if (passes) this.#forget();
    else this.#stopped = { head, prepared };
    return passes;
  }

  /** The commit that waits goes through at the next pass. */
  force(): void {
    this.#forced = this.#stopped?.head ?? null;
  }

  state(windows: readonly DeployWindow[] = always): Gate {
    const freeze = this.#options.freeze();
    const now = this.#options.clock.now();
    const known = this.#known;
    const isKnown = known !== null && known.windows === windows && known.freeze === freeze;
    const holds = known?.gate.holds ?? null;
    if (isKnown && (holds === null || now < holds)) return known.gate;
    const gate = gateAt({ windows, freeze, now });
    this.#known = { windows, freeze, gate };
    return gate;
  }

  /** Milliseconds until the gate may be another, `most` at most. */
  changesWithin(most: number): number {
    const holds = this.#waiting?.gate.holds ?? null;
    return holds === null ? most : Math.min(most, Math.max(1, holds - this.#options.clock.now()));
  }

  /** Plans the commit that waits anew. */
  look(): void {
    this.#waiting = null;
    if (this.#stopped === null) return;
    const { head, prepared } = this.#stopped;
    const gate = this.state(prepared.desired.grid.windows);
    const objection = gate.open ? this.#options.objection(head, prepared) : null;
    // Opened between two looks: the next pass lets it through.
    if (gate.open && objection === null) return;
    const plan = this.#options.preview(prepared);
    const closed = gate.open ? unreviewed : gate;
    const message = objection ?? closedMessage(closed, this.#options.freeze());
    const verdict = { ...previewed(plan), message };
    this.#waiting = { head, prepared, plan, gate: closed, verdict };
  }

  #opens(head: GridHead, prepared: Prepared): boolean {
    const { open } = this.state(prepared.desired.grid.windows);
    return open && this.#options.objection(head, prepared) === null;
  }

  #forget(): void {
    this.#revision = null;
    this.#stopped = null;
    this.#waiting = null;
    this.#forced = null;
  }
}

/** The same each time, to be known again. */
const always: readonly DeployWindow[] = [];

const unreviewed: ClosedGate = { open: false, holds: null, because: 'unreviewed', until: null };

/** One line: until when, then why, because a commit status has little room. */
export function closedMessage(gate: ClosedGate, freeze: Freeze | null): string {
  const cause = gate.because === 'frozen' ? frozenBy(freeze) : causes[gate.because];
  if (gate.until !== null) return `closed until ${minute(gate.until)}: ${cause}`;
  return gate.because === 'frozen'
    ? `closed until somebody unfreezes the grid: ${cause}`
    : `closed, and no end in sight: ${cause}`;
}

const causes = {
  denied: 'in a deploy window that denies',
  'not-allowed': 'outside of the deploy windows',
  unreviewed: 'its plan was not reviewed',
} as const;

function frozenBy(freeze: Freeze | null): string {
  const reason = freeze === null || freeze.reason === '' ? '' : ` (${freeze.reason})`;
  return `frozen by ${freeze?.actor ?? 'somebody'}${reason}`;
}

/** In UTC: whoever reads a status may be anywhere. */
function minute(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function previewed(plan: Plan): Verdict {
  const nothing = { problems: [], refusals: new Map(), hasNodes: true, elapsed: 0, timeout: 1 };
  return { ...judge({ plan, ...nothing }), phase: 'held' };
}

function sameHead(one: GridHead, other: GridHead): boolean {
  return one.sha === other.sha && one.inputs === other.inputs && changesNothing(one, other);
}

export function closedError(grid: string, message: string): GridError {
  return new GridError({
    code: 'invalid-request',
    message: `grid ${grid} is ${message}`,
    hint: `It is deployed by itself when it opens. \`gridops deploy ${grid} --force\` does it now.`,
  });
}
