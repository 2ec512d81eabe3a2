import type { Service } from '../model/grid.ts';
import type { Candidates } from './candidates.ts';
import { chooseHome, departure, isConverged } from './choose.ts';
import type { HostNode } from './host-nodes.ts';
import type { Sighting } from './index-observed.ts';
import { departureReason } from './reasons.ts';
import type { Request } from './request.ts';

/** Which instances of a service there should be, with what is seen of each. */
export interface Roster {
  readonly members: readonly Member[];
  readonly unwanted: readonly Unwanted[];
}

export interface Member {
  readonly number: number;
  /** Where it is, by node. */
  readonly sightings: readonly Sighting[];
}

/** An instance, on one node, that is not wanted there nor anywhere else. */
export interface Unwanted {
  readonly sighting: Sighting;
  readonly reason: string;
  /** The revision does not want it; false: its node's owner does not. */
  readonly pruned: boolean;
}

const nowhere: readonly Sighting[] = [];

/** What daemon rosters need to know of the rest. */
export interface RosterContext {
  readonly now: number;
  readonly request: (number: number) => Request;
  readonly candidates: (request: Request) => Candidates;
  readonly host: (position: number) => HostNode | undefined;
}

/** A daemon service has so many instances on each node that may have them, other services so many in all. */
export function rosterOf(
  service: Service,
  sightings: readonly Sighting[],
  context: RosterContext,
): Roster {
  const members = groupByNumber(sightings);
  return service.strategy === 'daemon'
    ? daemonRoster(service, members, context)
    : countedRoster(service, members);
}

/** Sightings come sorted by number. */
export function groupByNumber(sightings: readonly Sighting[]): readonly Member[] {
  const members: { number: number; sightings: Sighting[] }[] = [];
  for (const sighting of sightings) {
    const last = members.at(-1);
    if (last?.number === sighting.id.number) last.sightings.push(sighting);
    else members.push({ number: sighting.id.number, sightings: [sighting] });
  }
  return members;
}

function countedRoster(service: Service, seen: readonly Member[]): Roster {
  const members: Member[] = [];
  let next = 0;
  for (let number = 1; number <= service.instances; number += 1) {
    const member = seen[next];
    if (member?.number !== number) members.push({ number, sightings: nowhere });
    else {
      members.push(member);
      next += 1;
    }
  }
  const reason = `scaled from ${seen.at(-1)?.number ?? 0} to ${service.instances}`;
  const unwanted = seen.slice(next).flatMap((member) => discarded(member.sightings, reason));
  return { members, unwanted };
}

/**
 * Numbers stick to nodes: when a node leaves, only its own instances go, and a new node's get numbers that nobody has.
 * Instances on lost nodes keep their numbers and are left alone; they are wanted again when the node is back.
 */
function daemonRoster(service: Service, seen: readonly Member[], context: RosterContext): Roster {
  const homes = new Map<HostNode, Member[]>();
  const unwanted: Unwanted[] = [];
  for (const member of seen) {
    const home = chooseHome(member.sightings, context.request(member.number));
    if (home === null) unwanted.push(...displaced(member, context));
    else homes.set(home.host, [...(homes.get(home.host) ?? []), member]);
  }
  const members: Member[] = [];
  for (const here of homes.values()) {
    const sorted = here.toSorted((a, b) => rank(a, service) - rank(b, service));
    members.push(...sorted.slice(0, service.instances));
    const reason = `scaled from ${here.length} to ${service.instances} on each node`;
    for (const extra of sorted.slice(service.instances))
      unwanted.push(...discarded(extra.sightings, reason));
  }
  const all = [...members, ...newcomers(service, seen, homes, context)];
  return { members: all.toSorted((a, b) => a.number - b.number), unwanted };
}

/** For each place that a node has left, the lowest number that is not in use anywhere. */
function newcomers(
  service: Service,
  seen: readonly Member[],
  homes: ReadonlyMap<HostNode, readonly Member[]>,
  context: RosterContext,
): readonly Member[] {
  let places = 0;
  for (const tier of context.candidates(context.request(1)).tiers)
    for (const position of tier.positions) {
      const host = context.host(position);
      const here = host === undefined ? service.instances : (homes.get(host)?.length ?? 0);
      places += Math.max(0, service.instances - here);
    }
  const inUse = new Set(seen.map((member) => member.number));
  const members: Member[] = [];
  for (let number = 1; members.length < places; number += 1)
    if (!inUse.has(number)) members.push({ number, sightings: nowhere });
  return members;
}

function displaced(member: Member, context: RosterContext): readonly Unwanted[] {
  const request = context.request(member.number);
  return member.sightings.flatMap((sighting) => {
    const why = departure(sighting.host, request);
    if (why === null || why.cause === 'lost') return [];
    const reason = departureReason(why, sighting.host, context.now);
    return [{ sighting, reason, pruned: why.cause === 'affinity' }];
  });
}

function discarded(sightings: readonly Sighting[], reason: string): readonly Unwanted[] {
  return sightings.map((sighting) => ({ sighting, reason, pruned: true }));
}

/** Converged ones first, then by number. */
function rank(member: Member, service: Service): number {
  const converged = member.sightings.some((sighting) => isConverged(sighting, service));
  return (converged ? 0 : 1_000_000_000) + member.number;
}
