import { compareText } from '../model/identity.ts';
import type { Waiting } from '../model/plan.ts';
import type { Catalogue } from './catalogue.ts';
import { lingererOf, lingers, type Removal, removalOf } from './diff.ts';
import type { ObservedIndex, Sighting } from './index-observed.ts';

export interface Orphans {
  readonly removals: readonly Removal[];
  readonly waiting: readonly Waiting[];
}

/** What is there of a stack though no revision wants its service, by service. Instances of held stacks are no orphans. */
export function orphansOf(
  stack: string,
  { index, catalogue }: { readonly index: ObservedIndex; readonly catalogue: Catalogue },
): readonly Sighting[] {
  if (catalogue.isHeld(stack)) return [];
  const wanted = catalogue.shelf(stack)?.byName;
  return [...index.ofStack(stack)]
    .filter(([service]) => wanted?.has(service) !== true)
    .toSorted(([a], [b]) => compareText(a, b))
    .flatMap(([, sightings]) => sightings);
}

/** What becomes of them. */
export function sendAway(
  orphans: readonly Sighting[],
  { now, reason }: { readonly now: number; readonly reason: string },
): Orphans {
  const removals: Removal[] = [];
  const waiting: Waiting[] = [];
  for (const sighting of orphans) {
    if (lingers(sighting)) waiting.push(lingererOf(sighting, now));
    const unwanted = { sighting, reason, pruned: true };
    const removal = removalOf(unwanted, wasStateful(sighting));
    if (removal !== null) removals.push(removal);
  }
  return { removals, waiting };
}

/** The service is gone, so only what was assigned can tell. */
function wasStateful({ assigned }: Sighting): boolean {
  return assigned?.stateful === true;
}
