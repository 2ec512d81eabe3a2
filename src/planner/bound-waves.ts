import type { Step } from '../model/plan.ts';
import { compareSteps } from './order.ts';

/**
 * Waves with no more steps than may be in flight at a time: a wave that is larger becomes several, in the total order of
 * steps. What is under way stays where it is, however much that is, and takes the room of what is not.
 */
export function boundWaves(
  waves: readonly (readonly Step[])[],
  bound: { readonly atOnce: number; readonly underWay: ReadonlySet<Step> },
): readonly (readonly Step[])[] {
  return waves.flatMap((steps) => (steps.length <= bound.atOnce ? [steps] : cut(steps, bound)));
}

function cut(
  steps: readonly Step[],
  { atOnce, underWay }: { readonly atOnce: number; readonly underWay: ReadonlySet<Step> },
): readonly (readonly Step[])[] {
  const going = steps.filter((step) => underWay.has(step));
  const coming = steps.filter((step) => !underWay.has(step)).toSorted(compareSteps);
  const room = Math.max(0, atOnce - going.length);
  const waves = [[...going, ...coming.slice(0, room)]];
  for (let at = room; at < coming.length; at += atOnce) waves.push(coming.slice(at, at + atOnce));
  return waves;
}
