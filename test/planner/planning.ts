import type { DesiredState } from '../../src/model/desired.ts';
import type { Grid, Service } from '../../src/model/grid.ts';
import { instancePath } from '../../src/model/identity.ts';
import type { ObservedNode } from '../../src/model/observed.ts';
import type { Plan, Step } from '../../src/model/plan.ts';
import type { NetworkOutlook } from '../../src/planner/network-map.ts';
import { defaultPolicy, type PlanPolicy, plan } from '../../src/planner/plan.ts';
import { aGrid, desiring, NOW } from '../support/builders.ts';

interface Scene {
  readonly services?: readonly Service[];
  readonly nodes?: readonly ObservedNode[];
  readonly grid?: Partial<Grid>;
  readonly held?: readonly string[];
  readonly policy?: Partial<PlanPolicy>;
  readonly now?: number;
  readonly network?: NetworkOutlook;
  /** Services as they last served, and paths of those that were rolled back to it. */
  readonly proven?: readonly Service[];
  readonly rolledBack?: readonly string[];
}

export function planOf(scene: Scene): Plan {
  const desired: DesiredState = desiring(scene.services ?? [], {
    grid: aGrid(scene.grid),
    held: scene.held ?? [],
  });
  return plan({
    desired,
    observed: { nodes: scene.nodes ?? [] },
    now: scene.now ?? NOW,
    policy: { ...defaultPolicy, ...scene.policy },
    network: scene.network ?? null,
    history: {
      proven: new Map((scene.proven ?? []).map((one) => [`${one.stack}/${one.name}`, one])),
      rolledBack: new Set(scene.rolledBack),
    },
  });
}

/** The plan of a scene once a person has confirmed it. */
export function confirmedPlanOf(scene: Scene): Plan {
  return planOf({ ...scene, policy: { ...scene.policy, confirmed: planOf(scene).hash } });
}

/** Each wave as lines like `create shop/web-1 on web-1`. */
export function waves(made: Plan): readonly (readonly string[])[] {
  return made.waves.map(({ steps }) => steps.map(stepText));
}

/** The same with the reasons, all waves in one list. */
export function reasons(made: Plan): readonly string[] {
  return made.waves.flatMap(({ steps }) =>
    steps.map((step) => `${stepText(step)}: ${step.reason}`),
  );
}

/** Where a plan of creations puts each instance. */
export function places(made: Plan): Readonly<Record<string, string>> {
  const creates = made.waves.flatMap(({ steps }) => steps).filter((step) => step.kind === 'create');
  return Object.fromEntries(creates.map((step) => [instancePath(step), step.node]));
}

export function waits(made: Plan): readonly string[] {
  return made.waiting.map((waiting) => `${instancePath(waiting)}: ${waiting.reason}`);
}

function stepText(step: Step): string {
  const mode = step.kind === 'replace' && step.mode === 'stop-first' ? ' (stop first)' : '';
  return `${step.kind} ${instancePath(step)} on ${step.node}${mode}`;
}
