import type { AssignedInstance, Assignment } from '../model/assignment.ts';
import type { DriftPolicy } from '../model/drift.ts';
import type { Service } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import type { Plan } from '../model/plan.ts';
import type { Fleet, FleetNode } from './fleet.ts';
import type { Prepared } from './prepare.ts';

export interface DriftSources {
  readonly services: ReadonlyMap<string, Service>;
  /** The grid's, for services that say nothing. */
  readonly policy: DriftPolicy | undefined;
}

/** An instance with what becomes of its drift now. One whose service nobody knows keeps what it has. */
export function withDrift(
  instance: AssignedInstance,
  { services, policy }: DriftSources,
): AssignedInstance {
  const service = services.get(servicePath(instance));
  if (service === undefined) return instance;
  const wish = (service.drift ?? policy) === 'report' ? 'report' : undefined;
  if (instance.drift === wish) return instance;
  const { drift: _, ...rest } = instance;
  return wish === undefined ? rest : { ...rest, drift: wish };
}

/** Which assignments say something else of drift than is wanted now. It changes without a step. */
export class DriftOrders {
  /** For what each assignment was found right. */
  readonly #right = new WeakMap<Assignment, Prepared>();

  isOutdated({ assignment }: FleetNode, prepared: Prepared): boolean {
    if (assignment === null || this.#right.get(assignment) === prepared) return false;
    const sources = { services: prepared.services, policy: prepared.desired.grid.drift };
    const isRight = assignment.instances.every((one) => withDrift(one, sources) === one);
    if (isRight) this.#right.set(assignment, prepared);
    return !isRight;
  }
}

/**
 * The nodes that a deploy which a person asks for has to reach, whatever is assigned: those on which something failed, is left
 * as somebody else has made it, or was given up on.
 */
export function nodesToRepeat(
  plan: Plan | null,
  { fleet, grid }: { readonly fleet: Pick<Fleet, 'nodes'>; readonly grid: string },
): Set<string> {
  const drifting = fleet
    .nodes(grid)
    .filter((node) => node.instances.some((one) => one.drift !== undefined));
  return new Set([...(plan?.halted ?? []).map(({ node }) => node), ...drifting.map((n) => n.name)]);
}
