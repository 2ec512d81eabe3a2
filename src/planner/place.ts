import type { Affinity, Service } from '../model/grid.ts';
import type { Blocked } from '../model/plan.ts';
import type { Rulebook } from './affinity.ts';
import {
  blockedBy,
  blockedByUnknown,
  blockedInPlace,
  type Exclusion,
  whatExcludes,
} from './blocked.ts';
import type { CandidateLists, Candidates } from './candidates.ts';
import { bestOf, chooseHome, type Departure, departure } from './choose.ts';
import { filters, foreignPort, needFilters, passes, roomFilters } from './filters.ts';
import type { HostNode } from './host-nodes.ts';
import type { Sighting } from './index-observed.ts';
import type { Occupancy } from './occupancy.ts';
import { absenceReason, departureReason } from './reasons.ts';
import { type Request, requestFor } from './request.ts';
import { type Member, type RosterContext, rosterOf, type Unwanted } from './roster.ts';
import type { createStrategies } from './strategies.ts';
import { UntilFreed } from './until-freed.ts';

/** What placing services needs to know and, in the occupancy, keeps up to date. */
export interface PlaceContext {
  readonly defaultAffinity: readonly Affinity[];
  readonly now: number;
  readonly occupancy: Occupancy;
  readonly candidates: CandidateLists;
  /** What keeps instances from every node that have none with room left. */
  readonly exhausted: UntilFreed<Exclusion>;
  /** The node that these wait for; `null`: there is none. */
  readonly awaited: UntilFreed<HostNode | null>;
  readonly strategies: ReturnType<typeof createStrategies>;
  readonly rulebook: Rulebook;
  /** Others come first: what has no room left beside them does not stay. */
  readonly isVisiting: boolean;
  /** Nodes that will soon report for the first time: what is seen nowhere may be on them. */
  readonly silent: readonly HostNode[];
  /** Nodes that are not here and will be back or given up soon, and could have more then. */
  readonly away: readonly HostNode[];
  /** Nodes of which nothing but the name is known: there before the master's memory was lost, or never come. */
  readonly unknown: readonly HostNode[];
}

/** Where an instance is to be. */
export type Spot =
  /** Where it is already, or is assigned already. */
  | { readonly kind: 'home'; readonly home: Sighting }
  /** On a node that it was not on; `departure` says why it does not stay where it was. */
  | {
      readonly kind: 'new';
      readonly host: HostNode;
      readonly left: { readonly sighting: Sighting; readonly departure: Departure } | null;
    }
  | { readonly kind: 'blocked'; readonly blocked: Blocked }
  | { readonly kind: 'waiting'; readonly reason: string };

/** The outcome of a search. */
type Found = Extract<Spot, { readonly kind: 'new' | 'blocked' }>;

export interface Placement {
  readonly number: number;
  readonly spot: Spot;
  /** Where it is besides its home. */
  readonly strays: readonly Sighting[];
}

export interface PlacedService {
  readonly service: Service;
  readonly placements: readonly Placement[];
  readonly unwanted: readonly Unwanted[];
}

/**
 * Gives each wanted instance of a service a node. Those that may stay where they are do; only then are the others placed,
 * by filters and the service's strategy, so that nothing that runs has to make room for something that does not yet.
 */
export function placeService(
  service: Service,
  sightings: readonly Sighting[],
  context: PlaceContext,
): PlacedService {
  const turn = new ServiceTurn(service, context);
  const roster = rosterOf(service, sightings, rosterContext(service, context));
  for (const { sighting } of roster.unwanted) context.occupancy.leave(sighting.host, sighting.id);
  const settled = roster.members.map((member) => ({ member, spot: turn.settle(member) }));
  const pushedOut: Unwanted[] = [];
  const placements = settled.map(({ member, spot }) => {
    const chosen = spot.kind === 'homeless' ? turn.place(spot) : spot;
    if (spot.kind === 'homeless' && chosen.kind !== 'new')
      pushedOut.push(...whatGivesWay(spot.left, context));
    return { number: member.number, spot: chosen, strays: straysOf(member, chosen) };
  });
  turn.end();
  return { service, placements, unwanted: [...roster.unwanted, ...pushedOut] };
}

/** What has nowhere else to go stays as it is, but for what has to make room. */
function whatGivesWay(left: Left, { now }: PlaceContext): readonly Unwanted[] {
  if (left?.departure.cause !== 'crowded') return [];
  const { sighting, departure: why } = left;
  return [{ sighting, reason: departureReason(why, sighting.host, now), pruned: true }];
}

/**
 * A place for an instance as an earlier definition of its service has it, in place of the one that it was given; what that
 * one claims is claimed twice for the rest of this plan.
 */
export function placeInstead(
  service: Service,
  given: { readonly node: string; readonly number: number },
  context: PlaceContext,
): Found {
  const request = requestFor(service, given.number, context);
  const host = context.occupancy.hosts.find(({ name }) => name === given.node);
  if (host !== undefined) context.occupancy.leave(host, request.id);
  const turn = new ServiceTurn(service, context);
  const spot = turn.find(request, null);
  turn.end();
  return spot;
}

/** Most instances are seen nowhere else: those share one empty list. */
function straysOf({ sightings }: Member, spot: Spot): readonly Sighting[] {
  if (spot.kind !== 'home') return sightings;
  return sightings.length === 1 ? none : sightings.filter((sighting) => sighting !== spot.home);
}

const none: readonly Sighting[] = [];

/** What a roster of this service may ask. */
export function rosterContext(service: Service, context: PlaceContext): RosterContext {
  return {
    now: context.now,
    request: (number) => requestFor(service, number, context),
    candidates: (request) => context.candidates.for(request),
    host: (position) => context.occupancy.hosts[position],
  };
}

type Left = { readonly sighting: Sighting; readonly departure: Departure } | null;
interface Homeless {
  readonly kind: 'homeless';
  readonly request: Request;
  readonly left: Left;
  /** Where it may stay if there is nothing better. */
  readonly resort: Sighting | null;
}

/** One service's turn at being placed: counts its instances, and gives back what it took from the candidate lists. */
class ServiceTurn {
  readonly #service: Service;
  readonly #context: PlaceContext;
  readonly #onNode = new Map<number, number>();
  readonly #inZone = new Map<string, number>();
  readonly #inRegion = new Map<string, number>();
  readonly #opened = new Set<Candidates>();
  #last: { readonly rules: Request['rules']; readonly candidates: Candidates } | null = null;
  readonly #exhausted: UntilFreed<Exclusion>;

  constructor(service: Service, context: PlaceContext) {
    this.#service = service;
    this.#context = context;
    // Daemons run out of nodes also because each has its instances: that is no matter of others.
    this.#exhausted = service.strategy === 'daemon' ? new UntilFreed() : context.exhausted;
  }

  /** Leaves an instance at home, if it has one and it may. */
  settle(member: Member): Spot | Homeless {
    const request = requestFor(this.#service, member.number, this.#context);
    if (member.sightings.length === 0) return this.#unseen(request);
    const fitting = member.sightings.filter((one) => this.#misfit(one, request) === null);
    const home = chooseHome(fitting, request);
    const why = home === null ? null : this.#shutOut(home, request);
    const crowdedOut = this.#crowdedOut(member, request);
    if (crowdedOut !== null) {
      for (const { host, id } of member.sightings) this.#context.occupancy.yield(host, id);
      return { kind: 'homeless', request, left: crowdedOut, resort: null };
    }
    if (home !== null && why === null) return this.#stay(home, member);
    if (home !== null && why !== null) {
      this.#leave(member.sightings);
      const left = { sighting: home, departure: why };
      return { kind: 'homeless', request, left, resort: home };
    }
    const left = this.#leftBehind(member, request);
    if (left !== null && this.#service.stateful)
      return this.#stuck(left.sighting, left.departure, request);
    this.#leave(member.sightings);
    return { kind: 'homeless', request, left, resort: null };
  }

  place({ request, left, resort }: Homeless): Spot {
    const found = this.find(request, left);
    if (found.kind === 'new') return found;
    if (resort === null) return this.#awaited(request) ?? found;
    this.#count(resort.host);
    return { kind: 'home', home: resort };
  }

  /** A node that would take it, and will be back or given up soon. */
  #awaited(request: Request): Spot | null {
    const { away, awaited, occupancy, now } = this.#context;
    if (away.length === 0) return null;
    const candidates = this.#candidates(request);
    const known = awaited.get(candidates, occupancy);
    const host = known === undefined ? this.#absentee(request) : known;
    awaited.set(candidates, host, occupancy);
    return host === null ? null : { kind: 'waiting', reason: absenceReason([host], now) };
  }

  #absentee(request: Request): HostNode | null {
    const { away, occupancy } = this.#context;
    const others = filters.filter(({ name }) => name !== 'availability');
    return away.find((one) => passes(others, one, request, occupancy)) ?? null;
  }

  find(request: Request, left: Left): Found {
    const candidates = this.#candidates(request);
    const { occupancy } = this.#context;
    const known = this.#exhausted.get(candidates, occupancy);
    const host = known === undefined ? this.#pick(candidates, request) : null;
    if (host !== null) {
      occupancy.place(host, request);
      this.#count(host);
      return { kind: 'new', host, left };
    }
    const exclusion = known ?? whatExcludes(request, occupancy);
    this.#exhausted.set(candidates, exclusion, occupancy);
    return { kind: 'blocked', blocked: blockedBy(exclusion, request) };
  }

  /** Instances whose rules are the same list share their candidates; unless they are a matter of each. */
  #candidates(request: Request): Candidates {
    const arePersonal = this.#context.candidates.arePersonal(request);
    if (!arePersonal && request.rules === this.#last?.rules) return this.#last.candidates;
    const candidates = this.#context.candidates.for(request);
    this.#opened.add(candidates);
    if (!arePersonal) this.#last = { rules: request.rules, candidates };
    return candidates;
  }

  end(): void {
    for (const { tiers } of this.#opened)
      for (const tier of tiers) for (const zone of tier.zones) zone.release();
  }

  #stay(home: Sighting, member: Member): Spot {
    if (member.sightings.length > 1)
      this.#leave(member.sightings.filter((sighting) => sighting !== home));
    this.#count(home.host);
    return { kind: 'home', home };
  }

  /** Nothing is seen of it anywhere; but nodes that have not reported may have it. */
  #unseen(request: Request): Spot | Homeless {
    const { silent, unknown, now } = this.#context;
    if (silent.length > 0) return { kind: 'waiting', reason: absenceReason(silent, now) };
    if (!this.#service.stateful || unknown.length === 0)
      return { kind: 'homeless', request, left: null, resort: null };
    return { kind: 'blocked', blocked: blockedByUnknown(request, unknown) };
  }

  #stuck(sighting: Sighting, why: Departure, request: Request): Spot {
    const { now, occupancy } = this.#context;
    const reason = departureReason(why, sighting.host, now);
    const blocked = blockedInPlace(request, sighting.host, reason, occupancy.hosts);
    return { kind: 'blocked', blocked };
  }

  /** A spec that the instance does not have yet has to fit on its node like on any other. Daemons have no other. */
  #misfit({ host, observed, assigned }: Sighting, request: Request): Departure | null {
    const { service } = request;
    if (service.stateful || service.strategy === 'daemon') return null;
    if (host.presence.ha !== 'present' || host.facts === null) return null;
    const hash = service.specHash;
    if (observed?.current?.specHash === hash || assigned?.specHash === hash) return null;
    const { occupancy } = this.#context;
    const filter = filters.find((one) => !one.allows(host, request, occupancy));
    if (filter === undefined) return null;
    return { cause: 'unfit', reason: filter.explain(host, request, occupancy) };
  }

  /**
   * What something on the host has made impossible: it does not run, and will not. It goes elsewhere if it can, and is a
   * failure where it is if not.
   */
  #shutOut({ host, observed }: Sighting, request: Request): Departure | null {
    const { stateful, strategy, specHash } = request.service;
    if (stateful || strategy === 'daemon' || host.presence.ha !== 'present') return null;
    const attempt = observed?.attempt ?? null;
    if (attempt?.failure?.code !== 'port-taken' || attempt.specHash !== specHash) return null;
    if (observed?.current?.running === true) return null;
    const reason = foreignPort(host, request, this.#context.occupancy);
    return reason === null ? null : { cause: 'unfit', reason };
  }

  /** Whether what it reserves is promised to others: its own node is full with those that come before it. */
  #crowdedOut({ sightings }: Member, request: Request): Left {
    const { isVisiting, occupancy } = this.#context;
    const home = isVisiting ? chooseHome(sightings, request) : null;
    if (home === null || !occupancy.isCrowdedOut(home.host, home.id)) return null;
    const filter = needFilters.find((one) => !one.allows(home.host, request, occupancy));
    if (filter === undefined) return null;
    const reason = filter.explain(home.host, request, occupancy);
    return { sighting: home, departure: { cause: 'crowded', reason } };
  }

  /** The best of the places that it cannot stay in, and why; `null` when it is nowhere. */
  #leftBehind(member: Member, request: Request): Left {
    const sighting = bestOf(member.sightings, this.#service);
    if (sighting === null) return null;
    const why = departure(sighting.host, request) ?? this.#misfit(sighting, request);
    return why === null ? null : { sighting, departure: why };
  }

  #leave(sightings: readonly Sighting[]): void {
    for (const { host, id } of sightings) this.#context.occupancy.leave(host, id);
  }

  #pick(candidates: Candidates, request: Request): HostNode | null {
    const { occupancy, strategies } = this.#context;
    const hasRoom = (position: number) => {
      const host = occupancy.hosts[position];
      return host !== undefined && passes(roomFilters, host, request, occupancy);
    };
    const turn = {
      id: request.id,
      service: this.#service,
      tally: { onNode: this.#onNode, inZone: this.#inZone, inRegion: this.#inRegion },
      hasRoom,
    };
    for (const tier of candidates.tiers) {
      const position = strategies[this.#service.strategy].pick(tier, turn);
      if (position !== null) return occupancy.hosts[position] ?? null;
    }
    return null;
  }

  #count(host: HostNode): void {
    const position = this.#context.occupancy.position(host);
    this.#onNode.set(position, (this.#onNode.get(position) ?? 0) + 1);
    this.#inZone.set(host.zone, (this.#inZone.get(host.zone) ?? 0) + 1);
    this.#inRegion.set(host.region, (this.#inRegion.get(host.region) ?? 0) + 1);
  }
}
