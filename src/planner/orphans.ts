import { compareText } from '../model/identity.ts';
import type { Waiting } from '../model/plan.ts';
import type { Catalogue } from './catalogue.ts';
import { type Removal, removalOf } from './diff.ts';
import type { ObservedIndex, Sighting } from './index-observed.ts';
import { absenceReason } from './reasons.ts';

export interface Orphans {
  readonly removals: readonly Removal[];
  readonly waiting: readonly Waiting[];
}

/** What is there though no revision wants its service. Instances of held stacks are no orphans. */
export function findOrphans(index: ObservedIndex, catalogue: Catalogue, now: number): Orphans {
  const removals: Removal[] = [];
  const waiting: Waiting[] = [];
  for (const sighting of orphaned(index, catalogue)) {
    const { stack, service, number } = sighting.id;
    if (sighting.host.presence.ha === 'silent')
      waiting.push({ stack, service, number, reason: absenceReason([sighting.host], now) });
    const unwanted = { sighting, reason: 'removed from the grid repository', pruned: true };
    const removal = removalOf(unwanted, wasStateful(sighting));
    if (removal !== null) removals.push(removal);
  }
  return { removals, waiting };
}

/** By stack and service, so that equal states have equal plans whatever was heard first. */
function orphaned(index: ObservedIndex, catalogue: Catalogue): readonly Sighting[] {
  const found: (readonly [string, string, readonly Sighting[]])[] = [];
  for (const [stack, services] of index.stacks) {
    if (catalogue.isHeld(stack)) continue;
    const wanted = catalogue.shelf(stack)?.byName;
    for (const [service, sightings] of services)
      if (wanted?.has(service) !== true) found.push([stack, service, sightings]);
  }
  return found
    .toSorted((a, b) => compareText(a[0], b[0]) || compareText(a[1], b[1]))
    .flatMap(([, , sightings]) => sightings);
}

/** The service is gone, so only what was assigned can tell. */
function wasStateful({ assigned }: Sighting): boolean {
  return assigned?.stateful === true;
}
