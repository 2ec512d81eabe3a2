import type { Service } from '../model/grid.ts';
import type { Blocked, StepOf, Waiting } from '../model/plan.ts';
import type { Draft, Removal } from './diff.ts';
import { type PlaceContext, placeInstead } from './place.ts';

/**
 * A service whose rollout has stopped still has its instances: those that lost their node come back elsewhere as they last
 * served. Where that is not known they wait, and say so; what never served as it was then waits for the rollout.
 */
export function restoreInstances(
  draft: Draft,
  proven: Service | undefined,
  context: PlaceContext,
): Draft {
  const { failed, service } = draft;
  if (failed.length === 0 || draft.creates.length === 0 || service.strategy === 'daemon')
    return draft;
  const creates: StepOf<'create'>[] = [];
  const restores: StepOf<'create'>[] = [];
  const blocked: Blocked[] = [];
  const waiting: Waiting[] = [];
  for (const step of draft.creates) {
    if (!isRestorable(step.number, draft, proven)) creates.push(step);
    else if (proven === undefined || proven.specHash === service.specHash) {
      const { stack, number } = step;
      waiting.push({ stack, service: service.name, number, reason: `${step.reason}; ${unknown}` });
    } else {
      const spot = placeInstead(proven, step, context);
      if (spot.kind === 'blocked') blocked.push(spot.blocked);
      else restores.push(restored(step, spot.host.name, proven));
    }
  }
  const places = new Map(restores.map(({ number, node }) => [number, node]));
  return {
    ...draft,
    creates,
    restores,
    farewells: draft.farewells.map((farewell) => redirected(farewell, places)),
    blocked: [...draft.blocked, ...blocked],
    waiting: [...draft.waiting, ...waiting],
  };
}

const unknown = 'the spec that it served with is not known, so it waits for the rollout';

/** It ran on a node that is gone, or nothing is left of that node but the number of an instance that served. */
function isRestorable(number: number, draft: Draft, proven: Service | undefined): boolean {
  if (draft.displaced.has(number)) return true;
  return draft.down.has(number) && proven !== undefined && number <= proven.instances;
}

function restored(step: StepOf<'create'>, node: string, { specHash }: Service): StepOf<'create'> {
  const reason = `${step.reason}; with the last spec that served (${specHash.slice(0, 7)})`;
  return { ...step, node, specHash, reason };
}

/** It was said where the instance moves to before that was decided. */
function redirected(farewell: Removal, places: ReadonlyMap<number, string>): Removal {
  const node = places.get(farewell.step.number);
  if (node === undefined) return farewell;
  return { ...farewell, step: { ...farewell.step, reason: `moved to ${node}` } };
}
