import type { Service, Strategy } from '../model/grid.ts';
import { type InstanceId, instancePath } from '../model/identity.ts';
import type { Tally, Tier, Zone } from './candidates.ts';
import type { HostNode } from './host-nodes.ts';
import type { Occupancy } from './occupancy.ts';
import { textHash, weight } from './random.ts';

/** One instance that has to be put on one of a tier's nodes. */
export interface Turn {
  readonly id: InstanceId;
  readonly service: Service;
  readonly tally: Tally;
  readonly hasRoom: (position: number) => boolean;
}

/**
 * Ranks the nodes that filters have left (kontena.md 4.5). That an instance prefers the node that it was on needs no place
 * in a rank: an instance that may stay is not ranked at all.
 */
export interface PlacementStrategy {
  /** The position of the best node with room; `null` when there is none. */
  pick(tier: Tier, turn: Turn): number | null;
}

/** What a strategy ranks by: made once for a plan. */
export function createStrategies(
  occupancy: Occupancy,
): Readonly<Record<Strategy, PlacementStrategy>> {
  return {
    ha: { pick: (tier, turn) => spread(tier, turn, occupancy) },
    daemon: { pick: (tier, turn) => oneEach(tier, turn) },
    random: { pick: createDraw(occupancy.hosts) },
  };
}

/** Regions with few instances of the service first, then zones, then nodes with few, then nodes with little on them, then by name. */
function spread(tier: Tier, { tally, hasRoom }: Turn, occupancy: Occupancy): number | null {
  let best: number | null = null;
  let fewest = 0;
  for (const zone of tier.zones) {
    const around = crowd(zone, tally);
    if (best !== null && around > fewest) continue;
    const position = zone.best(tally, hasRoom);
    if (position === null) continue;
    if (best !== null && around === fewest && !precedes(position, best, tally, occupancy)) continue;
    best = position;
    fewest = around;
  }
  return best;
}

/** More than a zone ever has of one service. */
const CROWD = 2 ** 24;

/** One number to compare by: what is in the region weighs more than what is in the zone. */
function crowd({ name, region }: Zone, { inZone, inRegion }: Tally): number {
  return (inRegion.get(region) ?? 0) * CROWD + (inZone.get(name) ?? 0);
}

/** Of two nodes in zones that are equal: which the service has less on, then which has less on it at all. */
function precedes(a: number, b: number, tally: Tally, occupancy: Occupancy): boolean {
  const ofService = (tally.onNode.get(a) ?? 0) - (tally.onNode.get(b) ?? 0);
  const ofAll = occupancy.load(a) - occupancy.load(b);
  return (ofService || ofAll || a - b) < 0;
}

/** Each node up to the service's number of instances, in the order of their names. */
function oneEach({ positions }: Tier, { service, tally, hasRoom }: Turn): number | null {
  let best: number | null = null;
  let fewest = service.instances;
  for (const position of positions) {
    const here = tally.onNode.get(position) ?? 0;
    if (here >= fewest || !hasRoom(position)) continue;
    best = position;
    fewest = here;
  }
  return best;
}

/** Drawn by lot, but by a lot that is the same every time. */
function createDraw(hosts: readonly HostNode[]): PlacementStrategy['pick'] {
  const hashes = hosts.map((host) => textHash(host.name));
  return ({ positions }, { id, hasRoom }) => {
    const instanceHash = textHash(instancePath(id));
    let best: number | null = null;
    let heaviest = -1;
    for (const position of positions) {
      const drawn = weight(instanceHash, hashes[position] ?? 0);
      if (drawn <= heaviest || !hasRoom(position)) continue;
      best = position;
      heaviest = drawn;
    }
    return best;
  };
}
