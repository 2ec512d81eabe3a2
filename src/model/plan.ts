import type { InstanceId } from './identity.ts';
import type { Failure } from './observed.ts';

/** How the old container makes way: `start-first` keeps it serving until the new one is ready. */
export type ReplaceMode = 'start-first' | 'stop-first';

/** The arguments of each kind of step. To add a kind, add a line here; what is missing then no longer compiles. */
interface StepArguments {
  /** Run an instance that has no container in the grid. */
  create: { readonly specHash: string };
  /** Bring a running instance to another spec on the same node. */
  replace: {
    readonly specHash: string;
    readonly from: string;
    readonly mode: ReplaceMode;
    /** What old and new cannot have both, so that the old one stops first; absent where the new one starts first. */
    readonly because?: string;
  };
  /** Take an instance off a node. Volumes stay. */
  remove: { readonly stateful: boolean };
}

export type StepKind = keyof StepArguments;

/** One idempotent change of one instance on one node, as data. */
export type StepOf<K extends StepKind> = InstanceId & {
  readonly kind: K;
  readonly node: string;
  readonly reason: string;
} & StepArguments[K];

export type Step = { [K in StepKind]: StepOf<K> }[StepKind];

/** Steps that may run together; the next wave waits for it. */
export interface Wave {
  readonly steps: readonly Step[];
}

/** An instance that no node can take, and what excluded each node. */
export interface Blocked extends InstanceId {
  readonly reason: string;
  readonly excluded: readonly {
    readonly filter: string;
    readonly nodes: readonly string[];
    readonly reason: string;
  }[];
}

/** A service whose rollout stopped because an instance of it failed on the new spec. */
export interface Halted extends InstanceId {
  readonly node: string;
  readonly failure: Failure;
  /** Steps of this service that are not taken because of it. */
  readonly remaining: number;
  /** Why it is held although it should be rolled back. Absent: it should not, or nobody knows. */
  readonly notRolledBack?: string;
}

/** A service that runs its last good spec again: it diverges from git until a commit changes its spec. */
export interface RolledBack extends InstanceId {
  /** Where the instance failed that caused it. */
  readonly node: string;
  readonly failure: Failure;
  /** What the revision wants, and what failed. */
  readonly specHash: string;
  /** The commit whose spec runs again. */
  readonly revision: string;
  /** How many instances are not as the revision wants them. */
  readonly instances: number;
}

/** An instance that waits for something that will tell by itself (a node to report, a dependency to be placed). */
export interface Waiting extends InstanceId {
  readonly reason: string;
}

/** Why a plan needs a person's confirmation before it removes anything (safety rule 3). */
export interface Confirmation {
  readonly reason: string;
  readonly removes: readonly string[];
}

/**
 * What leads from observed to desired. No waves, nothing blocked, halted, waiting or rolled back: converged.
 * `hash` covers the steps, so the same plan has the same hash whenever it is made.
 */
export interface Plan {
  readonly grid: string;
  readonly revision: string;
  readonly waves: readonly Wave[];
  readonly blocked: readonly Blocked[];
  readonly halted: readonly Halted[];
  readonly waiting: readonly Waiting[];
  readonly warnings: readonly string[];
  readonly confirmation: Confirmation | null;
  /** Absent: none. The steps lead to the last good specs of these. */
  readonly rolledBack?: readonly RolledBack[];
  /** How many instances the revision wants, over all services (daemon services counted by matching nodes). */
  readonly wanted: number;
  readonly hash: string;
}

export function isConverged(plan: Plan): boolean {
  return (
    plan.waves.length === 0 &&
    plan.blocked.length === 0 &&
    plan.halted.length === 0 &&
    plan.waiting.length === 0 &&
    plan.rolledBack === undefined
  );
}

/** Which of the two containers goes first, and why. */
export function explainMode({
  mode,
  because,
}: {
  readonly mode: ReplaceMode;
  readonly because?: string | undefined;
}): string {
  if (mode === 'start-first') return 'starts the new one first';
  return because === undefined
    ? 'stops the old one first'
    : `stops the old one first: both need ${because}`;
}
