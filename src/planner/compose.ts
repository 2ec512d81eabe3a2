import type { DesiredState } from '../model/desired.ts';
import { digest } from '../model/digest.ts';
import { compareInstances, compareText, type InstanceId, instancePath } from '../model/identity.ts';
import type { Plan, Step, Waiting, Wave } from '../model/plan.ts';
import { compareSteps } from './order.ts';
import { type Guarded, guardRemovals } from './prune.ts';
import type { Rollout } from './rollout.ts';

/**
 * The plan as people and the master get it: sorted, hashed, and without what has to be confirmed first. The hash is that of
 * the whole plan, so that it can be confirmed, and leaves out reasons, which tell the time.
 */
export function composePlan(of: {
  readonly desired: DesiredState;
  readonly rollout: Rollout;
  readonly wanted: number;
  readonly warnings: readonly string[];
  /** How many containers there are in the grid. */
  readonly containers: number;
  /** Hash of the plan that a person has approved. */
  readonly confirmed: string | null;
  /** Whether removals may have to be confirmed. */
  readonly isGuarded: boolean;
  /** That nodes have not reported yet; `null`: all have. */
  readonly unheard: string | null;
}): Plan {
  const { desired, rollout } = of;
  const waves = rollout.waves.map((steps) => steps.toSorted(compareSteps));
  const hash = planHash(desired.grid.name, waves, rollout);
  const guarded = of.isGuarded ? guardRemovals(rollout.removals, of) : null;
  const withheld = of.confirmed === hash ? null : guarded;
  const isTaken = (step: Step) => withheld?.steps.has(step) !== true;
  return {
    grid: desired.grid.name,
    revision: desired.revision,
    waves: withheld === null ? asWaves(waves) : asWaves(waves.map((wave) => wave.filter(isTaken))),
    blocked: rollout.blocked.toSorted(compareInstances),
    halted: rollout.halted.toSorted(compareInstances),
    waiting: uniqueWaits([...rollout.waiting, ...waitsFor(withheld)]),
    warnings: of.warnings.toSorted(compareText),
    confirmation: withheld?.confirmation ?? null,
    wanted: of.wanted,
    hash,
  };
}

function planHash(grid: string, waves: readonly (readonly Step[])[], rollout: Rollout): string {
  return digest({
    grid,
    waves: waves.map((wave) => wave.map(stepText).join('\n')),
    blocked: rollout.blocked.map(instancePath).toSorted(compareText),
    halted: rollout.halted
      .map((halted) => `${instancePath(halted)} ${halted.failure.code}`)
      .toSorted(compareText),
    waiting: rollout.waiting.map(instancePath).toSorted(compareText),
  });
}

/** One line. Names and hashes of ours have no spaces in them; what an agent says that it runs may have anything. */
function stepText(step: Step): string {
  const subject = `${step.kind} ${instancePath(step)} ${step.node}`;
  switch (step.kind) {
    case 'create':
      return `${subject} ${step.specHash}`;
    case 'replace':
      return `${subject} ${step.specHash} ${step.mode} ${JSON.stringify(step.from)}`;
    case 'remove':
      return `${subject} ${step.stateful}`;
  }
}

function asWaves(waves: readonly (readonly Step[])[]): readonly Wave[] {
  return waves.filter((steps) => steps.length > 0).map((steps) => ({ steps }));
}

function waitsFor(withheld: Guarded | null): readonly Waiting[] {
  if (withheld === null) return [];
  const { steps, reason } = withheld;
  return Array.from(steps, ({ stack, service, number }) => ({ stack, service, number, reason }));
}

/** An instance waits once, for the first thing that was found. */
function uniqueWaits(waits: readonly Waiting[]): readonly Waiting[] {
  return waits
    .toSorted(compareInstances)
    .filter((wait, at, all) => at === 0 || !isSame(wait, all[at - 1]));
}

function isSame(a: InstanceId, b: InstanceId | undefined): boolean {
  return b !== undefined && compareInstances(a, b) === 0;
}
