import { instancePath, servicePath } from '../model/identity.ts';
import type { Step } from '../model/plan.ts';
import type { Deploy } from '../protocol/deploy-api.ts';

type PlannedStep = NonNullable<Deploy['plan']>['waves'][number]['steps'][number];
type Planned = NonNullable<Deploy['plan']>;

/** How far one step of a deploy is. `open`: not known, the deploy ended before anything told. */
export type StepState = 'done' | 'running' | 'waiting' | 'failed' | 'skipped' | 'undone' | 'open';

export interface ShownStep {
  readonly step: PlannedStep;
  readonly state: StepState;
}

/**
 * The steps that a deploy set out to take, wave by wave, each with how far it is: what the newest look no longer asks for is
 * done. Steps that came up on the way (a container crashed meanwhile) make a last wave of their own.
 */
export function shownWaves(deploy: Pick<Deploy, 'phase' | 'plan' | 'remaining'>): ShownStep[][] {
  if (deploy.plan === null) return [];
  const left = index(deploy.remaining);
  const waves = deploy.plan.waves.map((wave, number) =>
    wave.steps.map((step) => ({ step, state: stateOf(deploy, left, step, number) })),
  );
  const known = new Set(deploy.plan.waves.flatMap((wave) => wave.steps.map(key)));
  const added = [...left.steps.values()].filter(({ step }) => !known.has(key(step)));
  if (added.length === 0) return waves;
  return [...waves, added.map(({ step, wave }) => ({ step, state: openState(deploy, wave) }))];
}

interface Left {
  readonly steps: ReadonlyMap<string, { readonly step: PlannedStep; readonly wave: number }>;
  readonly halted: ReadonlySet<string>;
  readonly haltedServices: ReadonlySet<string>;
  readonly rolledBack: ReadonlyMap<string, { readonly number: number }>;
}

function index(remaining: Planned | null): Left {
  const steps = new Map<string, { step: PlannedStep; wave: number }>();
  remaining?.waves.forEach((wave, number) => {
    for (const step of wave.steps) steps.set(key(step), { step, wave: number });
  });
  const halted = remaining?.halted ?? [];
  return {
    steps,
    halted: new Set(halted.map(instancePath)),
    haltedServices: new Set(halted.map(servicePath)),
    rolledBack: new Map((remaining?.rolledBack ?? []).map((one) => [servicePath(one), one])),
  };
}

function stateOf(
  deploy: Pick<Deploy, 'phase' | 'plan' | 'remaining'>,
  left: Left,
  step: PlannedStep,
  wave: number,
): StepState {
  if (deploy.phase === 'succeeded') return 'done';
  if (left.halted.has(instancePath(step))) return 'failed';
  const back = left.rolledBack.get(servicePath(step));
  if (back !== undefined) return back.number === step.number ? 'failed' : 'undone';
  const open = left.steps.get(key(step));
  if (open !== undefined) return openState(deploy, open.wave);
  if (left.haltedServices.has(servicePath(step))) return besideHalted(deploy, left, step, wave);
  if (deploy.remaining !== null) return 'done';
  return deploy.phase === 'failed' || deploy.phase === 'superseded' ? 'open' : 'waiting';
}

function openState(deploy: Pick<Deploy, 'phase'>, wave: number): StepState {
  if (deploy.phase === 'failed' || deploy.phase === 'superseded') return 'skipped';
  return deploy.phase === 'running' && wave === 0 ? 'running' : 'waiting';
}

/**
 * A halted service's open steps leave the remaining plan without being done. Waves run one after the other, so what
 * lies before the failure is done and what lies after it was never begun; beside it, either is possible.
 */
function besideHalted(
  deploy: Pick<Deploy, 'plan'>,
  left: Left,
  step: PlannedStep,
  wave: number,
): StepState {
  const stopped = (deploy.plan?.waves ?? []).findIndex(({ steps }) =>
    steps.some(
      (other) => servicePath(other) === servicePath(step) && left.halted.has(instancePath(other)),
    ),
  );
  if (stopped === -1 || wave === stopped) return 'open';
  return wave < stopped ? 'done' : 'skipped';
}

function key(step: Pick<Step, 'kind' | 'node' | 'stack' | 'service' | 'number'>): string {
  return `${step.kind} ${instancePath(step)} ${step.node}`;
}

/** How many steps of each kind are shown. */
export function stepCounts(
  waves: readonly (readonly ShownStep[])[],
): Readonly<Record<Step['kind'], number>> {
  const counts = { create: 0, replace: 0, remove: 0 };
  for (const { step } of waves.flat()) counts[step.kind] += 1;
  return counts;
}
