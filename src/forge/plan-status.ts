import { shortDigest } from '../model/digest.ts';
import { compareText } from '../model/identity.ts';
import type { GridPreview, Preview } from '../model/preview.ts';
import { counted, gridVerdict, previewVerdict } from '../model/preview-verdict.ts';
import { type Problem, printPosition } from '../model/problem.ts';
import { fit, plain } from './commit-status.ts';
import type { CommitState, CommitStatus, ForgeLimits } from './forge.ts';

export interface PlanStatusInput {
  readonly preview: Preview;
  /** Grids that have a status on that head already, or are to have one although nothing of them is changed. */
  readonly also: readonly string[];
  readonly targetUrl: string | null;
  readonly limits: Pick<ForgeLimits, 'context' | 'description'>;
}

/** The context that is to be required: whatever a request changes, it gets a final state. */
export const PLAN_CONTEXT = 'gridops/plan';

/**
 * The statuses of a request's head once it was looked at: one for each grid that it changes, and the one of all. Pure. Every
 * outcome ends in a final state: a check that is required and never comes keeps a request from being merged for ever.
 */
export function planStatuses(input: PlanStatusInput): readonly CommitStatus[] {
  const { preview, targetUrl, limits } = input;
  const { outcome } = preview;
  const grids = outcome.kind === 'planned' ? outcome.grids : [];
  const whole = wholeState(preview);
  const states = new Map<string, State>(
    // What is said of all holds for each of them, unless all were planned and these are not changed.
    input.also.map((grid) => [grid, outcome.kind === 'planned' ? unaffected : whole]),
  );
  for (const grid of grids) states.set(grid.grid, gridState(grid));
  const contexts = [...states].map(([grid, state]) => [gridContext(grid, limits), state] as const);
  return [
    ...contexts.toSorted(([a], [b]) => compareText(a, b)),
    [PLAN_CONTEXT, whole] as const,
  ].map(([context, { state, text, tail = '' }]) => ({
    context,
    state,
    description: fit(plain(text), tail, limits.description),
    targetUrl,
  }));
}

const unaffected: State = { state: 'success', text: 'no changes to deploy' };

/**
 * While it is planned: `null` for the first time, else why what was said does not hold any more. `also`: the grids that have
 * a status on that head.
 */
export function planningStatuses(
  stale: string | null,
  { also, targetUrl, limits }: Omit<PlanStatusInput, 'preview'>,
): readonly CommitStatus[] {
  const text = stale === null ? 'planning' : `${plain(stale)}, planning again`;
  const description = fit(text, '', limits.description);
  const contexts = [...also.map((grid) => gridContext(grid, limits)), PLAN_CONTEXT];
  return contexts.map((context) => ({ state: 'pending', context, description, targetUrl }));
}

/** A longer one ends in a digest of the grid's name, so that two grids never have one context. */
export function gridContext(
  grid: string,
  limits: Pick<ForgeLimits, 'context'>,
  prefix = PLAN_CONTEXT,
): string {
  const context = `${prefix} (${grid})`;
  const isPlain = context === plain(context);
  if (isPlain && context.length <= limits.context) return context;
  const mark = `-${shortDigest(grid)})`;
  return plain(context).slice(0, Math.max(0, limits.context - mark.length)) + mark;
}

interface State {
  readonly state: CommitState;
  readonly text: string;
  /** Never cut off. */
  readonly tail?: string;
}

function gridState(grid: GridPreview): State {
  const problem = firstProblem([grid]);
  if (problem !== null) return problem;
  const { tone, text } = gridVerdict(grid);
  return { state: tone === 'bad' ? 'failure' : 'success', text: withClosed(text, [grid]) };
}

function wholeState(preview: Preview): State {
  const { outcome } = preview;
  switch (outcome.kind) {
    case 'planned': {
      const problem = firstProblem(outcome.grids);
      if (problem !== null) return problem;
      const { tone, text } = previewVerdict(preview);
      const state = tone === 'bad' ? 'failure' : 'success';
      return { state, text: withClosed(text, outcome.grids) };
    }
    case 'conflict':
      return { state: 'failure', ...conflictText(preview.branch, outcome.files) };
    case 'fork':
      return {
        state: 'success',
        text: 'from a fork, not planned; whoever may write can comment "/gridops plan"',
      };
    case 'failed':
      return { state: 'error', text: outcome.message };
  }
}

function conflictText(
  branch: string,
  files: readonly string[],
): { readonly text: string; readonly tail?: string } {
  const [first] = files;
  if (first === undefined) return { text: `conflicts with ${branch}` };
  const more = files.length - 1;
  return {
    text: `conflicts with ${branch}: ${first}`,
    ...(more === 0 ? {} : { tail: ` (+${counted(more, 'file')})` }),
  };
}

/** So that a deep folder does not push the message out. */
const MAX_POSITION = 90;

function firstProblem(grids: readonly GridPreview[]): State | null {
  const errors = grids.flatMap(({ problems }) => problems.filter(isError));
  const [first] = errors;
  if (first === undefined) return null;
  let total = 0;
  for (const { counts } of grids) total += counts.errors;
  const at = printPosition(first.position);
  const position = at.length <= MAX_POSITION ? at : `…${at.slice(1 - MAX_POSITION)}`;
  const tail = total > 1 ? ` (+${total - 1} more)` : '';
  return { state: 'failure', text: `${position} ${first.message}`, tail };
}

function isError({ severity }: Problem): boolean {
  return severity === 'error';
}

function withClosed(text: string, grids: readonly GridPreview[]): string {
  const closed = grids.filter((grid) => grid.closed !== null).length;
  if (closed === 0) return text;
  return closed === grids.length
    ? `${text}; closed at the moment`
    : `${text}; ${counted(closed, 'grid')} closed at the moment`;
}
