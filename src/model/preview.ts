import type { Plan } from './plan.ts';
import type { Problem } from './problem.ts';

/** What a pull request would do to what runs now: computed from the result of its merge, and never carried out. */
export interface Preview {
  /** Ordered by time, and part of its page's address. Never made again, never changed. */
  readonly id: string;
  /** `owner/name` */
  readonly repository: string;
  readonly request: {
    readonly number: number;
    readonly title: string;
    readonly url: string;
    readonly author: string;
  };
  /** What is merged, into what. */
  readonly head: string;
  readonly base: string;
  readonly branch: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly outcome: PreviewOutcome;
}

export type PreviewOutcome =
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
  /** Of files of this grid. Errors hold back their stacks. */
  readonly problems: readonly Problem[];
  /** `null`: nothing can be planned (the grid's own file has errors). */
  readonly plan: Plan | null;
  /** What changes in services, by service path, sorted. */
  readonly changes: readonly ServiceChange[];
  /** By name; those that are the same are left out. Never anything of a value. */
  readonly secrets: readonly {
    readonly name: string;
    readonly change: 'added' | 'changed' | 'removed';
  }[];
  /** Images that nodes would have to pull. `bytes`: `null` where nobody knows. */
  readonly pulls: readonly {
    readonly image: string;
    readonly nodes: readonly string[];
    readonly bytes: number | null;
  }[];
  /** Why the grid would not be changed at once: "frozen until …"; `null`: it would. */
  readonly closed: string | null;
}

export interface ServiceChange {
  /** `stack/service` */
  readonly path: string;
  readonly kind: 'added' | 'changed' | 'removed';
  /** One for each value that differs, marks of secrets and values of secret-like variables as names only. */
  readonly values: readonly {
    readonly key: string;
    readonly before: string | null;
    readonly after: string | null;
  }[];
}
