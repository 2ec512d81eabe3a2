import type { Plan } from '../model/plan.ts';
import type { PreviewedPlan } from '../model/preview.ts';
import { summarise } from '../planner/explain.ts';
import { comparisonText, sameAsPreview } from '../planner/preview-comparison.ts';
import type { AffectedGrid } from './preview-grids.ts';
import type { GridHead } from './revision.ts';

/** Whether what is deployed is what a pull request has shown. */
export interface PlanReview {
  /** Why a commit's plan is none that was reviewed; `null`: it is one. */
  objection(head: GridHead, plan: () => Plan): string | null;
  /** A commit becomes what is wanted. */
  adopted(head: GridHead, plan: () => Plan): Promise<void>;
}

/** Where there are no pull requests. */
export const unreviewed: PlanReview = {
  objection: () => noneShown,
  adopted: async () => await Promise.resolve(),
};

/** What a preview has shown of a grid. */
export interface ShownPlan {
  readonly number: number;
  /** `null`: it could not be planned. */
  readonly hash: string | null;
}

const noneShown = 'no pull request has shown its plan';
/** Requests are merged soon after they were read, or not at all. */
const MOST_SHOWN = 2_000;

/**
 * The plans that previews have shown, by what the merge makes of a grid. Whatever way a request is merged (merge commit,
 * squash, rebase, queue), the grid's files are those of its preview then, or they are others and their plan was not shown.
 */
export class ShownPlans {
  /** Oldest first. */
  readonly #shown = new Map<string, ShownPlan>();

  note(number: number, shown: readonly (AffectedGrid & { readonly hash: string | null })[]): void {
    for (const { grid, after, hash } of shown) {
      const key = keyOf(grid, after);
      this.#shown.delete(key);
      this.#shown.set(key, { number, hash });
    }
    for (const key of this.#shown.keys()) {
      if (this.#shown.size <= MOST_SHOWN) return;
      this.#shown.delete(key);
    }
  }

  of(grid: string, inputs: string | null): ShownPlan | null {
    return this.#shown.get(keyOf(grid, inputs)) ?? null;
  }
}

export interface PlanReviewOptions {
  readonly grid: string;
  readonly shown: ShownPlans;
  /** All that a pull request was shown of the grid last; `null`: nobody knows any more. */
  readonly previewed: (number: number) => Promise<PreviewedPlan | null>;
  /** Says of a commit how its plan compares. */
  readonly tell: (of: {
    readonly sha: string;
    readonly number: number;
    readonly isSame: boolean;
    readonly text: string;
  }) => Promise<void>;
}

export function createPlanReview(options: PlanReviewOptions): PlanReview {
  const { grid, shown, tell } = options;
  return {
    objection: ({ inputs }, plan) => {
      const known = shown.of(grid, inputs);
      if (known === null) return noneShown;
      const made = plan();
      return made.hash === known.hash ? null : difference(known, made);
    },
    adopted: async ({ sha, inputs }, plan) => {
      const known = shown.of(grid, inputs);
      if (known === null) return;
      const made = plan();
      const isSame = made.hash === known.hash;
      const text = isSame ? `as shown on #${known.number}` : await comparison(options, known, made);
      await tell({ sha, number: known.number, isSame, text });
    },
  };
}

/** Which steps are others, where what was shown is still there. */
async function comparison(
  { previewed }: PlanReviewOptions,
  known: ShownPlan,
  made: Plan,
): Promise<string> {
  const plan = await previewed(known.number);
  if (plan === null || plan.hash !== known.hash) return difference(known, made);
  const compared = sameAsPreview(plan, made);
  return compared.same ? difference(known, made) : `#${known.number}: ${comparisonText(compared)}`;
}

function difference({ number, hash }: ShownPlan, made: Plan): string {
  return hash === null
    ? `#${number} could not show its plan: ${summarise(made)}`
    : `not the plan that #${number} has shown: ${summarise(made)}`;
}

function keyOf(grid: string, inputs: string | null): string {
  return `${grid} ${inputs ?? ''}`;
}
