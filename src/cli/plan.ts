import { GridList, GridStatus } from '../protocol/grid-api.ts';
import { CurrentPlan } from '../protocol/plan-api.ts';
import { VariableList } from '../protocol/variable-api.ts';
import type { Client } from './client.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { harmless, paint, shortSha, show, table } from './output.ts';
import { printProblems } from './problem-text.ts';

interface PlanOptions {
  /** `null`: of every grid. */
  readonly grid: string | null;
  /** With where the value of each variable is from. */
  readonly explain: boolean;
  readonly json: boolean;
}

/**
 * What the master would still do, and why. Exit code: 3 when it waits for a person, 1 when something is stuck or held back
 * by a problem.
 */
export async function showPlan(io: Io, client: Client, options: PlanOptions): Promise<ExitCode> {
  const grids = options.grid === null ? await names(client) : [options.grid];
  const paths = grids.map((grid) => `/grids/${encodeURIComponent(grid)}`);
  const plans = await Promise.all(
    paths.map(async (path) => await client.get(CurrentPlan, `${path}/plan`)),
  );
  const statuses = await Promise.all(paths.map(async (path) => await client.get(GridStatus, path)));
  const variables = options.explain
    ? await Promise.all(
        paths.map(async (path) => await client.get(VariableList, `${path}/variables`)),
      )
    : null;
  show(io, {
    json: options.json,
    value: variables === null ? { plans } : { plans, variables },
    text: (value) => printPlans(io, value) || 'No grid yet.',
  });
  const heldBack = statuses.filter(hasErrors);
  for (const grid of heldBack) io.stderr(printHeldBack(io, harmless(grid), options.json));
  const codes = [...plans.map(exitOf), heldBack.length > 0 ? EXIT.failed : EXIT.done];
  return codes.includes(EXIT.failed)
    ? EXIT.failed
    : codes.includes(EXIT.held)
      ? EXIT.held
      : EXIT.done;
}

interface Shown {
  readonly plans: readonly CurrentPlan[];
  readonly variables?: readonly VariableList[];
}

function printPlans(io: Io, { plans, variables }: Shown): string {
  return plans
    .map((plan, at) => {
      const lists = variables?.[at];
      const text = printPlan(io, plan);
      return lists === undefined ? text : `${text}\n\n${printVariables(lists)}`;
    })
    .join('\n\n');
}

/** Of what gives a value the first counts; what was passed over is not shown. */
function printVariables({ stacks }: VariableList): string {
  const rows = stacks.flatMap(({ stack, variables }) =>
    variables.map((one) => [stack, one.name, printValue(one), printOrigin(one)]),
  );
  return table(['STACK', 'VARIABLE', 'VALUE', 'FROM'], rows);
}

type Variable = VariableList['stacks'][number]['variables'][number];

/** Longer ones are looked up in the file. */
const MOST_CHARACTERS = 60;

function printValue({ value, secret }: Variable): string {
  if (value === null) return secret ? '(hidden)' : '-';
  return value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value;
}

const origins: Readonly<Record<Variable['origin'], string>> = {
  'built-in': 'always there',
  given: 'given',
  value: 'its value',
  resolver: 'resolver',
  default: 'its default',
  type: 'its type: nothing gives a value',
  none: 'nothing: it needs none',
};

function printOrigin({ origin, resolver, position }: Variable): string {
  const what = resolver ?? origins[origin];
  return position === undefined ? what : `${what}, ${position.file}:${position.line}`;
}

async function names(client: Client): Promise<readonly string[]> {
  const { grids } = await client.get(GridList, '/grids');
  return grids.map((grid) => grid.name);
}

function hasErrors({ problems }: GridStatus): boolean {
  return problems.some((problem) => problem.severity === 'error');
}

/** Beside the plan, not in it: what there is to plan of is without the stacks that have problems. */
function printHeldBack(io: Io, { name, problems }: GridStatus, json: boolean): string {
  const line = `problems hold back a part of ${name}; see: gridops status ${name}\n`;
  return json ? line : `${printProblems(problems, paint(io, 'stderr'))}\n\n${line}`;
}

function exitOf({ plan }: CurrentPlan): ExitCode {
  if (plan.confirmation !== null) return EXIT.held;
  const { blocked, halted, rolledBack = [] } = plan;
  return blocked.length + halted.length + rolledBack.length > 0 ? EXIT.failed : EXIT.done;
}

function printPlan(io: Io, { plan, text, converged }: CurrentPlan): string {
  const colours = paint(io);
  if (!converged) return text.trimEnd();
  const state = colours.green('converged, nothing to do');
  return `${colours.bold(plan.grid)} at ${shortSha(plan.revision)}: ${state}`;
}
