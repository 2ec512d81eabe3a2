import type { DesiredState } from '../../src/model/desired.ts';
import type { Grid, Service } from '../../src/model/grid.ts';
import type { ObservedNode } from '../../src/model/observed.ts';
import type { GridPreview } from '../../src/model/preview.ts';
import type { Problem } from '../../src/model/problem.ts';
import { defaultPolicy, type PlanPolicy, plan } from '../../src/planner/plan.ts';
import { gridPreview } from '../../src/planner/preview.ts';
import { aGrid, desiring, NOW } from '../support/builders.ts';

export interface PreviewScene {
  /** `null`: the grid is new. */
  readonly before?: readonly Service[] | null;
  readonly after?: readonly Service[];
  readonly nodes?: readonly ObservedNode[];
  readonly gridBefore?: Partial<Grid>;
  readonly grid?: Partial<Grid>;
  readonly held?: readonly string[];
  readonly problems?: readonly Problem[];
  readonly closed?: string;
  readonly showValues?: boolean;
  readonly policy?: Partial<PlanPolicy>;
}

/** The preview of a scene, planned by the real planner. */
export function previewOf(scene: PreviewScene): GridPreview {
  const { before = [], after = [], nodes = [], held = [], grid } = scene;
  const desired = desiring(after, { grid: aGrid(grid), held });
  const policy = { ...defaultPolicy, ...scene.policy };
  return gridPreview({
    grid: 'demo',
    base: before === null ? null : based(before, scene.gridBefore ?? grid),
    merged: { desired, plan: plan({ desired, observed: { nodes }, now: NOW, policy }) },
    problems: scene.problems ?? [],
    closed: scene.closed ?? null,
    nodes,
    options: { showValues: scene.showValues ?? true },
  });
}

function based(services: readonly Service[], grid: Partial<Grid> | undefined): DesiredState {
  return desiring(services, { grid: aGrid(grid) });
}
