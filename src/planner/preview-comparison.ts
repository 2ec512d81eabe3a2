import { compareText, instancePath } from '../model/identity.ts';
import type { Plan } from '../model/plan.ts';
import type { PreviewedPlan } from '../model/preview.ts';

export type PreviewComparison =
  | { readonly same: true }
  | {
      readonly same: false;
      /** What is done that was not shown, what destroys first: "remove shop/db-1". */
      readonly unseen: readonly string[];
      /** What was shown and is not done. */
      readonly missing: readonly string[];
    };

/** Whether the plan after a merge is the one that people were shown before it. `null`: they were shown none. */
export function sameAsPreview(shown: PreviewedPlan | null, plan: Plan): PreviewComparison {
  if (shown !== null && shown.hash === plan.hash) return { same: true };
  const seen = new Set((shown?.steps ?? []).map(({ kind, path, node }) => name(kind, path, node)));
  const done = new Set(stepsOf(plan));
  return {
    same: false,
    unseen: [...done].filter((step) => !seen.has(step)).toSorted(compareNames),
    missing: [...seen].filter((step) => !done.has(step)).toSorted(compareNames),
  };
}

/** For one line: "other than reviewed: also remove shop/db-1 (+2 more)". */
export function comparisonText({
  unseen,
  missing,
}: Extract<PreviewComparison, { same: false }>): string {
  const parts = [listed('also', unseen), listed('not', missing)].filter((part) => part !== null);
  const what = parts.length === 0 ? 'the same steps, in other circumstances' : parts.join('; ');
  return `other than reviewed: ${what}`;
}

function listed(word: string, steps: readonly string[]): string | null {
  const [first] = steps;
  if (first === undefined) return null;
  const more = steps.length > 1 ? ` (+${steps.length - 1} more)` : '';
  return `${word} ${first}${more}`;
}

function stepsOf(plan: Plan): readonly string[] {
  const taken = plan.waves.flatMap(({ steps }) =>
    steps.map((step) => name(step.kind, instancePath(step), step.node)),
  );
  return [...taken, ...(plan.confirmation?.removes ?? []).map((path) => `remove ${path}`)];
}

/** Where a removal waits for confirmation, nobody says its node. */
function name(kind: string, path: string, node: string | null): string {
  return kind === 'remove' || node === null ? `${kind} ${path}` : `${kind} ${path} on ${node}`;
}

function compareNames(a: string, b: string): number {
  return Number(b.startsWith('remove ')) - Number(a.startsWith('remove ')) || compareText(a, b);
}
