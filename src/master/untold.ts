import type { AssignedInstance, Assignment } from '../model/assignment.ts';
import { instancePath } from '../model/identity.ts';
import { isSameJob } from '../model/job.ts';
import type { FleetNode } from './fleet.ts';

/** The assignment that a node is known to go by once it has reported under this generation. */
export function toldBy(
  { assignment, told }: Pick<FleetNode, 'assignment' | 'told'>,
  generation: number,
): Assignment | null {
  return assignment?.generation === generation ? assignment : told;
}

/**
 * Whether an assigned instance is other than what its node was told, although its container need not change. When nobody
 * knows what that was (`null`), whatever can change so may have.
 */
export function untoldAmong(told: Assignment | null): (instance: AssignedInstance) => boolean {
  const known = new Map(told?.instances.map((one) => [instancePath(one), one]));
  return (instance) => {
    const before = known.get(instancePath(instance));
    if (instance.balancing?.hash !== before?.balancing?.hash) return true;
    // A job of a deploy shows by itself whether it has done what is wanted.
    return instance.job?.rules.kind === 'schedule' && !isSameJob(instance.job, before?.job);
  };
}
