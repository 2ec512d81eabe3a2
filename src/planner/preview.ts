import type { DesiredState } from '../model/desired.ts';
import type { Grid } from '../model/grid.ts';
import { compareText, instancePath, servicePath } from '../model/identity.ts';
import type { ObservedNode } from '../model/observed.ts';
import type { Plan } from '../model/plan.ts';
import {
  type GridPreview,
  losesData,
  type PreviewCounts,
  type PreviewedPlan,
  type PreviewedStep,
  type ValueChange,
} from '../model/preview.ts';
import type { Problem } from '../model/problem.ts';
import { showMarks } from '../model/secret.ts';
import { homesOf } from './lost-data.ts';
import { previewBlocks } from './preview-blocks.ts';
import { imagePulls } from './preview-pulls.ts';
import { previewSteps } from './preview-steps.ts';
import { oneLine } from './printable.ts';
import { secretChanges } from './secret-changes.ts';
import { type Services, serviceChanges, servicesOf } from './service-changes.ts';
import { flatten } from './service-values.ts';
import type { ShowOptions } from './shown-value.ts';
import { valueChanges } from './value-changes.ts';

export interface GridPreviewInput {
  readonly grid: string;
  /** What the base wants; `null`: the grid is new, or nothing good of it is known. */
  readonly base: DesiredState | null;
  /** What the merge result wants, and what the planner makes of it now; `null`: its own file has errors. */
  readonly merged: { readonly desired: DesiredState; readonly plan: Plan } | null;
  /** Of the merge result. */
  readonly problems: readonly Problem[];
  /** Why the grid would not be changed at once; `null`: it would. */
  readonly closed: string | null;
  /** The grid's nodes, as the plan was made of. */
  readonly nodes: readonly ObservedNode[];
  readonly options: ShowOptions;
}

const LONGEST_TEXT = 1_000;
const LONGEST_LINE = 300;

/**
 * What a merge would do to one grid, for people. Pure: the same input gives the same preview, and every list has a total order.
 * Texts are cut, lists are not: what keeps or shows it bounds it (model/preview-size).
 */
export function gridPreview(input: GridPreviewInput): GridPreview {
  const { grid, base, merged, options, nodes } = input;
  const before = servicesOf(base);
  const problems = input.problems.map(shownProblem).toSorted(compareProblems);
  const closed = input.closed === null ? null : oneLine(input.closed, LONGEST_LINE);
  if (merged === null) return unplanned({ grid, problems, closed });
  const { desired, plan } = merged;
  const after = servicesOf(desired);
  const settings = settingChanges(base?.grid ?? null, desired.grid, options);
  const changes = serviceChanges({ grid, before, after, held: desired.held }, options);
  const isChanged = changedBy(settings, changes);
  const steps = previewSteps({
    plan,
    services: after,
    homes: homesOf(nodes, both(before, after)),
    isChanged,
  });
  const blocked = previewBlocks(plan.blocked, isChanged);
  const pulls = imagePulls({ plan, before, after, nodes });
  return {
    grid,
    problems,
    plan: shownPlan(plan, steps, blocked),
    settings,
    changes,
    secrets: secretChanges(base, desired),
    pulls,
    closed,
    counts: {
      ...problemCounts(problems),
      ...stepCounts(steps),
      ...blockCounts(blocked),
      halted: plan.halted.length,
      waiting: plan.waiting.length,
      changes: changes.length,
      pulls: pulls.length,
    },
  };
}

function unplanned(of: Pick<GridPreview, 'grid' | 'problems' | 'closed'>): GridPreview {
  const nothing = { halted: 0, waiting: 0, changes: 0, pulls: 0 };
  const none = { ...stepCounts([]), ...blockCounts([]), ...nothing };
  const counts = { ...problemCounts(of.problems), ...none };
  return { ...of, plan: null, settings: [], changes: [], secrets: [], pulls: [], counts };
}

/** What runs is as the base says; what only the merge result has may be there already, from a time before. */
function both(before: Services, after: Services): Services {
  return new Map([...after, ...before]);
}

/** Settings of a grid by which instances are placed, or are made anew: a change of one can be the reason of any step. */
const moving = /^(?:subnet|mtu|default_affinity|nodes|grace_periods)(?:\.|$)/;

function changedBy(
  settings: readonly ValueChange[],
  changes: GridPreview['changes'],
): (path: string) => boolean {
  const paths = new Set(changes.map(({ path }) => path));
  const canMove = settings.some(({ key }) => moving.test(key));
  return (path) => canMove || paths.has(path);
}

function settingChanges(
  before: Grid | null,
  after: Grid,
  options: ShowOptions,
): readonly ValueChange[] {
  return before === null || before === after
    ? []
    : valueChanges(settingsOf(before), settingsOf(after), options);
}

function settingsOf(grid: Grid): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  flatten({ ...grid, name: null, registries: accountsOf(grid) }, '', values);
  return values;
}

/** That a password has changed is among the secrets. */
function accountsOf({ registries = {} }: Grid): object {
  const shown = Object.entries(registries).map(([host, { username, password }]) => {
    return [host, { username, password: showMarks(password) }] as const;
  });
  return Object.fromEntries(shown);
}

function shownPlan(
  plan: Plan,
  steps: readonly PreviewedStep[],
  blocked: PreviewedPlan['blocked'],
): PreviewedPlan {
  return {
    hash: plan.hash,
    wanted: plan.wanted,
    steps,
    blocked,
    halted: plan.halted.map((halted) => ({
      path: instancePath(halted),
      node: halted.node,
      // Never its container's lines: they are not for whoever can read the request.
      why: line(halted.failure.message),
    })),
    waiting: plan.waiting.map((waiting) => ({
      path: instancePath(waiting),
      why: line(waiting.reason),
    })),
    warnings: [
      ...plan.warnings.map(line),
      ...(plan.rolledBack ?? []).map(
        (one) => `${servicePath(one)} was rolled back to ${one.revision.slice(0, 7)}`,
      ),
    ],
    confirmation: plan.confirmation === null ? null : line(plan.confirmation.reason),
  };
}

function line(text: string): string {
  return oneLine(showMarks(text), LONGEST_LINE);
}

function shownProblem({ message, hint, position, ...rest }: Problem): Problem {
  return {
    ...rest,
    position: { ...position, file: oneLine(position.file, LONGEST_TEXT) },
    message: oneLine(showMarks(message), LONGEST_TEXT),
    ...(hint === undefined ? {} : { hint: oneLine(showMarks(hint), LONGEST_TEXT) }),
  };
}

function compareProblems(a: Problem, b: Problem): number {
  return (
    Number(a.severity === 'warning') - Number(b.severity === 'warning') ||
    compareText(a.position.file, b.position.file) ||
    a.position.line - b.position.line ||
    a.position.column - b.position.column ||
    compareText(a.code, b.code) ||
    compareText(a.message, b.message)
  );
}

function problemCounts(problems: readonly Problem[]): Pick<PreviewCounts, 'errors' | 'warnings'> {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  return { errors, warnings: problems.length - errors };
}

type StepCounts = Pick<
  PreviewCounts,
  'create' | 'replace' | 'remove' | 'destructive' | 'losingData' | 'downtime'
>;

function stepCounts(steps: readonly PreviewedStep[]): StepCounts {
  const count = (test: (step: PreviewedStep) => boolean) => steps.filter(test).length;
  return {
    create: count(({ kind }) => kind === 'create'),
    replace: count(({ kind }) => kind === 'replace'),
    remove: count(({ kind }) => kind === 'remove'),
    destructive: count(({ danger }) => danger !== null),
    losingData: count(losesData),
    downtime: count(({ downtime }) => downtime !== null),
  };
}

function blockCounts(
  blocked: PreviewedPlan['blocked'],
): Pick<PreviewCounts, 'blocked' | 'blockedAnyway'> {
  let [own, anyway] = [0, 0];
  for (const { instances, isDueAnyway } of blocked)
    if (isDueAnyway) anyway += instances;
    else own += instances;
  return { blocked: own, blockedAnyway: anyway };
}
