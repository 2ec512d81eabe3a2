import { instancePath, servicePath } from '../model/identity.ts';
import {
  type Halted,
  isConverged,
  type Plan,
  type RolledBack,
  type Waiting,
} from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { failureLine } from './failure-line.ts';

/** What a plan means for the deploy that it is made for. */
export interface Verdict {
  readonly phase: 'running' | 'held' | 'succeeded' | 'failed';
  /** One line for people: why it ended or what it waits for; empty while there is nothing to say. */
  readonly message: string;
  /** The paths of instances that are not yet as desired. */
  readonly open: ReadonlySet<string>;
  /** How many instances are not yet as desired: `open` and the steps that a stopped rollout does not take. */
  readonly remaining: number;
}

export interface VerdictInput {
  readonly plan: Plan;
  readonly problems: readonly Problem[];
  /** Nodes that could not be given their part of the plan's first wave, and why. */
  readonly refusals: ReadonlyMap<string, { readonly reason: string }>;
  /** Whether the grid has any node; without one a deploy waits for the first to join. */
  readonly hasNodes: boolean;
  /** Milliseconds that the deploy has been running, and may. */
  readonly elapsed: number;
  readonly timeout: number;
}

/** Pure: what the deploy's phase should be after this plan. */
export function judge(input: VerdictInput): Verdict {
  const { plan } = input;
  const open = openPaths(plan);
  let remaining = open.size;
  for (const halted of plan.halted) remaining += halted.remaining;
  for (const { instances } of plan.rolledBack ?? []) remaining += instances;
  return { ...ruling(input), open, remaining };
}

/** What was open and no longer is, but for the steps that a stopped rollout does not take. */
export function settledPaths(
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
  plan: Plan,
): readonly string[] {
  const stopped = [...plan.halted, ...(plan.rolledBack ?? [])].map((one) => `${servicePath(one)}-`);
  return [...before].filter(
    (path) => !after.has(path) && !stopped.some((service) => path.startsWith(service)),
  );
}

function ruling(input: VerdictInput): Pick<Verdict, 'phase' | 'message'> {
  const { plan } = input;
  const problem = input.problems.find((found) => found.severity === 'error');
  if (isConverged(plan))
    return problem === undefined
      ? { phase: 'succeeded', message: '' }
      : { phase: 'failed', message: problem.message };
  const ended = input.elapsed >= input.timeout;
  const [back] = plan.rolledBack ?? [];
  if (goesOn(input) && !ended)
    return {
      phase: 'running',
      message: back === undefined ? tardy(plan) : `rolls back: ${failed(back)}`,
    };
  if (!input.hasNodes && !ended)
    return { phase: 'running', message: `no node has joined grid ${plan.grid} yet` };
  const stopped = obstacle(input);
  // As long as there is something to confirm, it can be, whatever has failed beside it.
  if (plan.confirmation !== null && !goesOn(input))
    return { phase: 'held', message: heldText(plan.confirmation.reason, stopped) };
  if (stopped !== null) return { phase: 'failed', message: stopped };
  if (back !== undefined)
    return { phase: 'failed', message: `rolled back, diverges from git: ${failed(back)}` };
  const waiting = plan.waiting[0];
  const doing = waiting === undefined ? firstStep(plan) : waitingText(waiting);
  if (!ended) return { phase: 'running', message: doing };
  return {
    phase: 'failed',
    message: `not converged after ${Math.round(input.timeout / 1_000)} s: ${doing}`,
  };
}

function heldText(reason: string, stopped: string | null): string {
  return stopped === null ? reason : `${reason}; and ${stopped}`;
}

/** Whether a node is at work: the first wave has steps for one that could be given them. */
function goesOn({ plan, refusals }: VerdictInput): boolean {
  return plan.waves[0]?.steps.some((step) => !refusals.has(step.node)) ?? false;
}

/** The first instance that a node is at work on, and that needs something which does not come; empty: none. */
function tardy({ waves: [first], waiting }: Plan): string {
  const underWay = new Set(first?.steps.map(instancePath));
  const found = waiting.find((one) => underWay.has(instancePath(one)));
  return found === undefined ? '' : waitingText(found);
}

function waitingText(waiting: Waiting): string {
  return `${instancePath(waiting)}: ${waiting.reason}`;
}

/** The first thing that no further step can change by itself. */
function obstacle({ plan, refusals }: VerdictInput): string | null {
  for (const { reason } of refusals.values()) return reason;
  const [halted] = plan.halted;
  if (halted !== undefined) return haltedText(halted, plan.rolledBack);
  const blocked = plan.blocked[0];
  return blocked === undefined ? null : `${instancePath(blocked)}: ${blocked.reason}`;
}

function haltedText(halted: Halted, rolledBack: Plan['rolledBack'] = []): string {
  const { notRolledBack: why } = halted;
  const isBack = rolledBack.some((one) => servicePath(one) === servicePath(halted));
  if (isBack) return `rolled back, and what served before fails as well: ${failed(halted)}`;
  return `${failed(halted)}${why === undefined ? '' : `; not rolled back: ${why}`}`;
}

function failed(one: Halted | RolledBack): string {
  return `${instancePath(one)} on ${one.node}: ${failureLine(one.failure)}`;
}

function firstStep(plan: Plan): string {
  const step = plan.waves[0]?.steps[0];
  return step === undefined ? '' : `${instancePath(step)} on ${step.node}: ${step.reason}`;
}

function openPaths(plan: Plan): ReadonlySet<string> {
  const open = new Set<string>();
  for (const wave of plan.waves) for (const step of wave.steps) open.add(instancePath(step));
  for (const list of [plan.blocked, plan.halted, plan.waiting])
    for (const item of list) open.add(instancePath(item));
  return open;
}
