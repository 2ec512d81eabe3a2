import { shortDigest } from '../model/digest.ts';
import type { Preview } from '../model/preview.ts';
import { counted } from '../model/preview-verdict.ts';
import { type Problem, printProblem } from '../model/problem.ts';
import { type Annotation, type CheckResult, MOST_ANNOTATIONS } from './forge.ts';
import { codeSpan, fence, visible } from './markdown.ts';

/** The check run of a preview. No status has this name, so that a rule which requires it means one thing. */
export const FILES_CHECK = 'gridops/files';

/** As of statuses. */
const MAX_NAME = 255;

/** The check run of what is deployed of a commit: the same commit may be the head of a pull request as well. */
export function gridFilesCheck(grid: string): string {
  const name = `${FILES_CHECK} (${grid})`;
  return name.length <= MAX_NAME ? name : `${FILES_CHECK} (${shortDigest(grid)})`;
}

/**
 * What is wrong in the files of a commit, at their lines. Pure. Nothing that others wrote is outside of code in the summary;
 * annotations are plain text everywhere.
 */
export function previewCheck({ outcome }: Preview, detailsUrl: string | null): CheckResult {
  switch (outcome.kind) {
    case 'planned': {
      const sum = { errors: 0, warnings: 0 };
      for (const { counts } of outcome.grids) {
        sum.errors += counts.errors;
        sum.warnings += counts.warnings;
      }
      const problems = outcome.grids.flatMap((grid) => grid.problems);
      const grids = outcome.grids.map(({ grid }) => grid);
      return found({ problems, sum, grids }, detailsUrl);
    }
    case 'conflict':
      return unread('Not looked at: it conflicts with the branch', detailsUrl);
    case 'fork':
      return unread('Not looked at: it comes from a fork', detailsUrl);
    case 'failed':
      return unread('Not looked at: it could not be planned', detailsUrl);
  }
}

/** The same of one grid of a commit that is deployed. */
export function deployCheck(
  of: { readonly grid: string; readonly problems: readonly Problem[] },
  detailsUrl: string | null,
): CheckResult {
  const { problems, grid } = of;
  const errors = problems.filter(isError).length;
  const sum = { errors, warnings: problems.length - errors };
  return found({ problems, sum, grids: [grid] }, detailsUrl);
}

interface Found {
  readonly problems: readonly Problem[];
  /** Of all, whatever the list still has of them. */
  readonly sum: { readonly errors: number; readonly warnings: number };
  readonly grids: readonly string[];
}

function unread(title: string, detailsUrl: string | null): CheckResult {
  const summary = 'There is nothing to say about its files. The status `gridops/plan` says more.';
  return { conclusion: 'neutral', title, summary, detailsUrl, annotations: [] };
}

function found({ problems, sum, grids }: Found, detailsUrl: string | null): CheckResult {
  const distinct = [...new Map(problems.map((one) => [printProblem(one), one])).values()];
  const sorted = [...distinct.filter(isError), ...distinct.filter((one) => !isError(one))];
  // What several grids are made of is looked at once for each of them.
  const repeated = problems.length - distinct.length;
  return {
    conclusion: sum.errors > 0 ? 'failure' : 'success',
    title: titleOf(sum),
    summary: summaryOf(sorted, sum.errors + sum.warnings - repeated, grids),
    detailsUrl,
    annotations: sorted.filter(isOwn).slice(0, MOST_ANNOTATIONS).map(annotation),
  };
}

function titleOf({ errors, warnings }: Found['sum']): string {
  if (errors + warnings === 0) return 'No problems';
  const parts = [
    errors > 0 ? counted(errors, 'error') : null,
    warnings > 0 ? counted(warnings, 'warning') : null,
  ];
  return parts.filter((part) => part !== null).join(', ');
}

/** Each line is bounded, and so are the lines: GitHub takes 65,535 characters. */
const MOST_LINES = 100;
const MOST_GRIDS = 20;

function summaryOf(problems: readonly Problem[], total: number, grids: readonly string[]): string {
  if (grids.length === 0) return 'No file of any grid is changed.';
  const more =
    grids.length > MOST_GRIDS ? ` and ${counted(grids.length - MOST_GRIDS, 'more grid')}` : '';
  const names = `${grids
    .slice(0, MOST_GRIDS)
    .map((grid) => codeSpan(grid))
    .join(', ')}${more}`;
  if (total === 0) return `The files of ${names} have no problems.`;
  const lines = problems
    .slice(0, MOST_LINES)
    .map((problem) => `${problem.severity}: ${printProblem(problem)}`);
  const left = total - lines.length;
  const isElsewhere = problems.some((problem) => !isOwn(problem));
  return [
    `Problems in the files of ${names}. An error holds back its stack; everything else is deployed.`,
    fence(left > 0 ? [...lines, `… and ${left} more`] : lines),
    isElsewhere ? 'What begins with `@` is a file of another repository.' : null,
  ]
    .filter((part) => part !== null)
    .join('\n\n');
}

function isError({ severity }: Problem): boolean {
  return severity === 'error';
}

/** Files of other repositories have no line here (see `foreignPath`). */
function isOwn({ position }: Problem): boolean {
  return !position.file.startsWith('@');
}

const LONGEST_MESSAGE = 1_000;

function annotation({ severity, code, message, hint, position }: Problem): Annotation {
  const lines = hint === undefined ? [message] : [message, hint];
  return {
    path: position.file,
    line: position.line,
    column: position.column,
    level: severity === 'error' ? 'failure' : 'warning',
    title: code,
    message: lines.map((line) => visible(line, LONGEST_MESSAGE)).join('\n'),
  };
}
