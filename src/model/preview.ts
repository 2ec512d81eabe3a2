import type { StepKind } from './plan.ts';
import type { Problem } from './problem.ts';

/**
 * What a pull request would do to what runs now: computed from the result of its merge, and never carried out. Nothing in it
 * is a secret's value or says anything about one. Lists may be cut to what can be kept and shown; counts are of everything.
 */
export interface Preview {
  /** Ordered by time, and part of its page's address. Never made again, never changed. */
  readonly id: string;
  /** `owner/name` */
  readonly repository: string;
  readonly request: PreviewedRequest;
  /** What is merged, into what. */
  readonly head: string;
  readonly base: string;
  readonly branch: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly outcome: PreviewOutcome;
}

export interface PreviewedRequest {
  readonly number: number;
  readonly title: string;
  readonly url: string;
  readonly author: string;
  readonly isDraft: boolean;
}

export type PreviewOutcome =
  /** No grids: the merge changes nothing of any. */
  | { readonly kind: 'planned'; readonly grids: readonly GridPreview[] }
  /** The branch and the request cannot be merged; their files, at most 100. */
  | { readonly kind: 'conflict'; readonly files: readonly string[] }
  /** Nobody who may write has asked for a plan of it. */
  | { readonly kind: 'fork' }
  /** We could not: too large, took too long, a fault of ours. */
  | { readonly kind: 'failed'; readonly message: string; readonly hint: string | null };

/** One grid of a preview. Grids that the merge does not change are not among them. */
export interface GridPreview {
  readonly grid: string;
  /** Of files of this grid, errors first. Errors hold back their stacks. */
  readonly problems: readonly Problem[];
  /** `null`: nothing can be planned (the grid's own file has errors). */
  readonly plan: PreviewedPlan | null;
  /** What changes in the grid's own file, by key. */
  readonly settings: readonly ValueChange[];
  /** What changes in services, by path. */
  readonly changes: readonly ServiceChange[];
  /** By name; those that are the same are left out. */
  readonly secrets: readonly SecretChange[];
  /** By name. */
  readonly pulls: readonly ImagePull[];
  /** Why the grid would not be changed at once: "frozen until …"; `null`: it would. */
  readonly closed: string | null;
  /** Whether the commits of the request are signed; not there where nobody asks for it. */
  readonly signature?: PreviewedSignature;
  readonly counts: PreviewCounts;
}

/** What is merged is signed by whoever merges it: this is said, and fails nothing. */
export interface PreviewedSignature {
  readonly isGood: boolean;
  readonly text: string;
}

/** How many there are of what, whatever the lists still have of them. */
export interface PreviewCounts {
  readonly errors: number;
  readonly warnings: number;
  /** Steps, those included that wait for confirmation. */
  readonly create: number;
  readonly replace: number;
  readonly remove: number;
  /** Steps that something is lost by. */
  readonly destructive: number;
  /** Those of them after which data has no user any more. */
  readonly losingData: number;
  /** Instances that stop before their successors start. */
  readonly downtime: number;
  /** Instances of services that the request changes. */
  readonly blocked: number;
  /** Instances that are blocked whether it is merged or not. */
  readonly blockedAnyway: number;
  readonly halted: number;
  readonly waiting: number;
  /** Services. */
  readonly changes: number;
  readonly pulls: number;
}

/** What would be done, and what stands in its way. */
export interface PreviewedPlan {
  /** The plan's own: what the plan after the merge is compared by. */
  readonly hash: string;
  /** How many instances are wanted. */
  readonly wanted: number;
  /** In the order of `compareSteps` (planner/preview-steps): what destroys data, what is removed, everything else. */
  readonly steps: readonly PreviewedStep[];
  /** Instances that no node can take, those that are blocked by the same together. */
  readonly blocked: readonly PreviewedBlock[];
  /** Rollouts that have stopped already: what this merge finds, not what it does. */
  readonly halted: readonly {
    readonly path: string;
    readonly node: string;
    readonly why: string;
  }[];
  readonly waiting: readonly { readonly path: string; readonly why: string }[];
  readonly warnings: readonly string[];
  /** Why a person has to confirm it before anything is removed. */
  readonly confirmation: string | null;
}

export interface PreviewedStep {
  readonly kind: StepKind;
  /** `stack/service-1` */
  readonly path: string;
  /** `null`: nobody knows; only of removals that wait for confirmation. */
  readonly node: string | null;
  /** From 1; `null`: not before a person has confirmed it. */
  readonly wave: number | null;
  readonly reason: string;
  /** What is lost by it; `null`: nothing. */
  readonly danger: string | null;
  /** Why the old one stops before the new one starts; `null`: it does not. */
  readonly downtime: string | null;
  /** Its service is not changed by the request: the step is due anyway. */
  readonly isDueAnyway: boolean;
}

export interface PreviewedBlock {
  /** At most 20. */
  readonly paths: readonly string[];
  readonly instances: number;
  readonly reason: string;
  /** Their services are not changed by the request. */
  readonly isDueAnyway: boolean;
  readonly excluded: readonly {
    readonly filter: string;
    readonly reason: string;
    /** At most 20. */
    readonly nodes: readonly string[];
    readonly count: number;
  }[];
}

export type ChangeKind = 'added' | 'changed' | 'removed';

export interface ServiceChange {
  /** `stack/service` */
  readonly path: string;
  readonly kind: ChangeKind;
  /** By key. Empty for what is removed. */
  readonly values: readonly ValueChange[];
  /** How many there are, whatever the list still has of them. */
  readonly count: number;
}

/** One value that differs. `null`: it is not there. Where both texts are equal, they differ in what is not shown. */
export interface ValueChange {
  readonly key: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface SecretChange {
  readonly name: string;
  readonly kind: 'secret' | 'certificate' | 'random';
  readonly change: ChangeKind;
}

/** An image that nodes would have to pull, as far as is known. */
export interface ImagePull {
  readonly image: string;
  readonly nodes: readonly string[];
  /** `null` where nobody knows. */
  readonly bytes: number | null;
}

/** The danger of a step that removes what runs, and nothing else. */
export const PLAIN_REMOVAL = 'removed';

/** Whether data has no user any more after it. */
export function losesData({ danger }: Pick<PreviewedStep, 'danger'>): boolean {
  return danger !== null && danger !== PLAIN_REMOVAL;
}
