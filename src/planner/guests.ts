import type { HostNode } from './host-nodes.ts';
import { capacityOf, needsOf } from './needs.ts';
import { claimed, type Occupant, type Room } from './room.ts';

/** An instance that runs for a pull request, on a node where it is already. */
export interface Guest {
  readonly occupant: Occupant;
  readonly request: number;
}

/**
 * Guests enter a room last, the oldest request's first: who finds no room then gives way, and that a newer one left would
 * not have helped. A stable sort: those of one request come as they are.
 */
export function seatGuests(room: Room, guests: readonly Guest[], host: HostNode): void {
  const isKnown = host.presence.ha === 'present' && host.facts !== null;
  for (const { occupant } of guests.toSorted((a, b) => a.request - b.request))
    room.enter(isKnown ? seated(room, occupant, host) : occupant);
}

/** As it is to be, or else as it is; or without a claim. */
function seated(room: Room, occupant: Occupant, host: HostNode): Occupant {
  const asItIs = { ...occupant, leaving: true };
  if (fits(room, occupant, host)) return occupant;
  // A daemon has no other node to become what it is to be.
  const canWait = !occupant.isCurrent && occupant.service?.strategy !== 'daemon';
  return canWait && fits(room, asItIs, host) ? asItIs : { ...asItIs, yielded: true };
}

/** What reserves nothing is in nobody's way. */
function fits(room: Room, occupant: Occupant, host: HostNode): boolean {
  const spec = claimed(occupant);
  if (spec === null) return true;
  const [need, taken, all] = [needsOf(spec), room.reserved, capacityOf(host)];
  return (['memory', 'nanoCpus'] as const).every(
    (kind) => need[kind] === 0 || taken[kind] + need[kind] <= all[kind],
  );
}
