import type { GridPreview, PreviewOutcome } from './preview.ts';

/** How much of every list is kept; the next one is tried when it is too much. */
interface Room {
  readonly steps: number;
  readonly changes: number;
  readonly values: number;
  readonly others: number;
  readonly grids: number;
}

const rooms: readonly Room[] = [
  { steps: 5_000, changes: 2_000, values: 200, others: 1_000, grids: 1_000 },
  { steps: 2_000, changes: 500, values: 50, others: 200, grids: 1_000 },
  { steps: 500, changes: 200, values: 10, others: 50, grids: 1_000 },
  { steps: 100, changes: 100, values: 0, others: 10, grids: 1_000 },
  { steps: 10, changes: 10, values: 0, others: 3, grids: 1_000 },
  { steps: 1, changes: 0, values: 0, others: 1, grids: 200 },
  { steps: 0, changes: 0, values: 0, others: 0, grids: 20 },
];

const LONGEST_MESSAGE = 2_000;
const MOST_FILES = 100;

/**
 * An outcome whose JSON is not longer than `most` characters (of 32,768 or more). Ends of lists are left out, where what
 * destroys least is; counts and hashes of plans stay what they are.
 */
export function withinSize(outcome: PreviewOutcome, most: number): PreviewOutcome {
  switch (outcome.kind) {
    case 'fork':
      return outcome;
    case 'failed':
      return {
        kind: 'failed',
        message: outcome.message.slice(0, LONGEST_MESSAGE),
        hint: outcome.hint?.slice(0, LONGEST_MESSAGE) ?? null,
      };
    case 'conflict': {
      const files = outcome.files.slice(0, MOST_FILES).map((file) => file.slice(0, 200));
      return { kind: 'conflict', files };
    }
    case 'planned': {
      for (const room of rooms) {
        const cut = { kind: 'planned', grids: planned(outcome.grids, room) } as const;
        if (JSON.stringify(cut).length <= most) return cut;
      }
      return { kind: 'failed', message: 'the plan is too large to be kept', hint: null };
    }
  }
}

function planned(grids: readonly GridPreview[], room: Room): readonly GridPreview[] {
  return grids.slice(0, room.grids).map((grid) => within(grid, room));
}

function within(grid: GridPreview, { steps, changes, values, others }: Room): GridPreview {
  const { plan } = grid;
  return {
    ...grid,
    problems: grid.problems.slice(0, others),
    settings: grid.settings.slice(0, values),
    changes: grid.changes.slice(0, changes).map((one) => ({
      ...one,
      values: one.values.slice(0, values),
    })),
    secrets: grid.secrets.slice(0, others),
    pulls: grid.pulls
      .slice(0, others)
      .map((one) => ({ ...one, nodes: one.nodes.slice(0, others) })),
    plan:
      plan === null
        ? null
        : {
            ...plan,
            steps: plan.steps.slice(0, steps),
            blocked: plan.blocked
              .slice(0, others)
              .map((one) => ({ ...one, excluded: one.excluded.slice(0, 20) })),
            halted: plan.halted.slice(0, others),
            waiting: plan.waiting.slice(0, others),
            warnings: plan.warnings.slice(0, others),
          },
  };
}
