import { instancePath, servicePath } from '../model/identity.ts';
import { isConverged, type Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';

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
  const remaining = open.size + plan.halted.reduce((sum, halted) => sum + halted.remaining, 0);
  return { ...ruling(input), open, remaining };
}

/** What was open and no longer is, but for the steps that a stopped rollout does not take. */
export function settledPaths(
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
  plan: Plan,
): readonly string[] {
  const stopped = plan.halted.map((halted) => `${servicePath(halted)}-`);
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
  if (goesOn(input) && !ended) return { phase: 'running', message: '' };
  if (!input.hasNodes && !ended)
    return { phase: 'running', message: `no node has joined grid ${plan.grid} yet` };
  const stopped = obstacle(input);
  if (stopped !== null) return { phase: 'failed', message: stopped };
  if (plan.confirmation !== null && plan.waves.length === 0)
    return { phase: 'held', message: plan.confirmation.reason };
  const waiting = plan.waiting[0];
  const doing =
    waiting === undefined ? firstStep(plan) : `${instancePath(waiting)}: ${waiting.reason}`;
  if (!ended) return { phase: 'running', message: doing };
  return {
    phase: 'failed',
    message: `not converged after ${Math.round(input.timeout / 1_000)} s: ${doing}`,
  };
}

/** Whether a node is at work: the first wave has steps for one that could be given them. */
function goesOn({ plan, refusals }: VerdictInput): boolean {
  return plan.waves[0]?.steps.some((step) => !refusals.has(step.node)) ?? false;
}

/** The first thing that no further step can change by itself. */
function obstacle({ plan, refusals }: VerdictInput): string | null {
  for (const { reason } of refusals.values()) return reason;
  const halted = plan.halted[0];
  if (halted !== undefined)
    return `${instancePath(halted)} on ${halted.node}: ${halted.failure.message}`;
  const blocked = plan.blocked[0];
  return blocked === undefined ? null : `${instancePath(blocked)}: ${blocked.reason}`;
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
