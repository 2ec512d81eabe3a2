import { compareText } from '../model/identity.ts';
import type { Position, Problem } from '../model/problem.ts';
import { conceal } from './quote.ts';

/** What is wrong, without the place: parsers of single values know no more. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** What a parser of one value answers. */
export type Parsed<T> =
  | { readonly value: T; readonly fault?: never }
  | { readonly fault: Fault; readonly value?: never };

/** Where the problems of one stack, or of the grid file, are gathered. */
export interface Report {
  error(at: Position, fault: Fault): void;
  warn(at: Position, fault: Fault): void;
  /** What is written there is known to be wrong: whatever else is found at the same place only follows from it. */
  spoil(at: Position): void;
  /** A value that nobody may read in a problem, whoever repeats it there: problems are published. */
  conceal(text: string | null): void;
  /** True once an error was reported. */
  failed(): boolean;
  /** True when there are errors, and more would not be kept: looking for them is not worth the time any more. */
  isFull(): boolean;
  /** Everything reported so far, sorted. */
  problems(): readonly Problem[];
}

/** More than anyone reads; a hostile file must not make us hold a million of them. */
const maxProblems = 100;

/**
 * `stack` names whose problems these are; `null` for problems of the grid itself. Equal problems are kept once. `earlier` are
 * problems that were found before.
 */
export function createReport(stack: string | null, earlier: readonly Problem[] = []): Report {
  const kept = new Map(earlier.filter((p) => !isOverflow(p)).map((p) => [keyOf(p), p]));
  const spoiled = new Set<string>();
  const secrets = new Set<string>();
  let overflow = earlier.find(isOverflow) ?? null;
  let failed = earlier.some((problem) => problem.severity === 'error');
  function add(severity: Problem['severity'], at: Position, fault: Fault): void {
    failed ||= severity === 'error';
    if (spoiled.has(placeOf(at))) return;
    const problem = toProblem(severity, at, fault, stack);
    const key = keyOf(problem);
    if (kept.size < maxProblems || kept.has(key)) kept.set(key, problem);
    // An error that is not kept is still shown to be one.
    else if (overflow?.severity !== 'error') overflow = toProblem(severity, at, tooMany, stack);
  }
  return {
    error: (at, fault) => add('error', at, fault),
    spoil: (at) => spoiled.add(placeOf(at)),
    conceal: (text) => {
      if (text !== null) secrets.add(text);
    },
    warn: (at, fault) => add('warning', at, fault),
    failed: () => failed,
    isFull: () => failed && overflow !== null,
    problems: () =>
      [...kept.values(), ...(overflow === null ? [] : [overflow])]
        .map((problem) => withoutSecrets(problem, secrets))
        .toSorted(compareProblems),
  };
}

/** Adds problems that were found elsewhere, each with its own severity. */
export function addProblems(report: Report, problems: readonly Problem[]): void {
  for (const problem of problems) {
    if (problem.severity === 'error') report.error(problem.position, problem);
    else report.warn(problem.position, problem);
  }
}

/** By file, line and column; what stands at one place by severity, code and text, so that the order is total. */
export function compareProblems(a: Problem, b: Problem): number {
  return (
    compareText(a.position.file, b.position.file) ||
    a.position.line - b.position.line ||
    a.position.column - b.position.column ||
    compareText(a.severity, b.severity) ||
    compareText(a.code, b.code) ||
    compareText(a.message, b.message) ||
    compareText(a.stack ?? '', b.stack ?? '')
  );
}

const tooMany: Fault = {
  code: 'too-many-problems',
  message: `more than ${maxProblems} problems; the rest is not shown`,
};

function isOverflow(problem: Problem): boolean {
  return problem.code === tooMany.code;
}

function withoutSecrets(problem: Problem, secrets: ReadonlySet<string>): Problem {
  if (secrets.size === 0) return problem;
  const message = conceal(problem.message, secrets);
  const hint = problem.hint === undefined ? {} : { hint: conceal(problem.hint, secrets) };
  return { ...problem, message, ...hint };
}

// Nodes are positions with more fields: copied here so that problems hold a position and nothing else.
function toProblem(
  severity: Problem['severity'],
  at: Position,
  fault: Fault,
  stack: string | null,
): Problem {
  return {
    severity,
    code: fault.code,
    message: fault.message,
    position: { file: at.file, line: at.line, column: at.column },
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    ...(stack === null ? {} : { stack }),
  };
}

function keyOf(problem: Problem): string {
  return `${problem.code} ${placeOf(problem.position)} ${problem.message}`;
}

function placeOf(at: Position): string {
  return `${at.line}:${at.column}:${at.file}`;
}
