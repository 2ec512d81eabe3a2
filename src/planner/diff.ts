import type { Service } from '../model/grid.ts';
import type { InstanceId } from '../model/identity.ts';
import type { Failure } from '../model/observed.ts';
import type { Blocked, ReplaceMode, Step, StepOf, Waiting } from '../model/plan.ts';
import type { Mount } from '../model/spec.ts';
import { isConverged } from './choose.ts';
import { containersOf, type Sighting } from './index-observed.ts';
import { failureOf, mayPass } from './passing-failure.ts';
import type { PlacedService, Placement, Spot } from './place.ts';
import {
  absenceReason,
  changedReason,
  departureReason,
  inFlightReason,
  pullReason,
  unreadyReason,
  untoldReason,
} from './reasons.ts';
import type { Unwanted } from './roster.ts';

export interface Removal {
  readonly step: StepOf<'remove'>;
  /** No revision wants the instance any more: counts against the prune budget. */
  readonly pruned: boolean;
  /** The agent has begun already; there is nothing left to confirm. */
  readonly begun: boolean;
  /** There is a container; without one nothing is lost. */
  readonly hasContainer: boolean;
}

export interface Failed extends InstanceId {
  readonly node: string;
  readonly failure: Failure;
}

/** One service's part of a plan, before the steps have their order in time. Each list is sorted by instance number. */
export interface Draft {
  readonly service: Service;
  readonly wanted: number;
  readonly converged: number;
  /** Decided before and not done yet. */
  readonly inFlight: readonly Step[];
  /** Instances that ran with the right spec on a node that they cannot stay on. */
  readonly relocations: readonly StepOf<'create'>[];
  readonly creates: readonly StepOf<'create'>[];
  /** Instances that come back as they last served: while the rollout is stopped (restore.ts). */
  readonly restores: readonly StepOf<'create'>[];
  /** Those whose container does not serve anyway come first. */
  readonly replaces: readonly StepOf<'replace'>[];
  readonly removals: readonly Removal[];
  /** Instances, still serving on an old node, that go once they are ready on the new one. */
  readonly farewells: readonly Removal[];
  /** Instances that serve at their home as well. */
  readonly doubles: readonly Removal[];
  /** Numbers of instances that serve nowhere, as far as nodes that are heard of tell. */
  readonly down: ReadonlySet<number>;
  /** Numbers of created ones that left a node which is lost or drained, whatever spec they had there. */
  readonly displaced: ReadonlySet<number>;
  readonly failed: readonly Failed[];
  readonly blocked: readonly Blocked[];
  readonly waiting: readonly Waiting[];
  /** What waits for a node to hear of it (removals, and what changes no container); nothing else waits for that. */
  readonly lingering: readonly Waiting[];
}

/** What is left to do for a service whose instances have their nodes. */
export function diffService(placed: PlacedService, now: number): Draft {
  const draft = new Drafting(placed.service, now, arrivalReason(placed));
  for (const placement of placed.placements) draft.add(placement);
  for (const unwanted of placed.unwanted) draft.drop(unwanted);
  return draft.finish(placed.placements.length);
}

/** Whether nothing is left to do. */
export function isEmpty(draft: Draft): boolean {
  return (
    draft.converged === draft.wanted &&
    draft.removals.length === 0 &&
    draft.farewells.length === 0 &&
    draft.doubles.length === 0 &&
    draft.waiting.length === 0 &&
    draft.lingering.length === 0
  );
}

/** The removal of an instance that no revision wants; `null` when there is nothing to tell its node, now or any more. */
export function removalOf(
  { sighting, reason, pruned }: Unwanted,
  stateful: boolean,
): Removal | null {
  const { host, id, observed, assigned } = sighting;
  const isThere = observed !== null && host.presence.ha === 'present';
  if (host.presence.ha === 'silent' || (assigned === null && !isThere)) return null;
  const { stack, service, number } = id;
  const begun = assigned === null && observed?.attempt?.phase === 'stopping';
  const step = {
    kind: 'remove',
    stack,
    service,
    number,
    node: host.name,
    reason,
    stateful,
  } as const;
  return { step, pruned, begun, hasContainer: containersOf(sighting) > 0 };
}

/**
 * Whether an instance that is to go may still run, on a node that is not heard of and will be back or given up soon. What a
 * node that was given up runs nobody waits for: it is told when it comes back.
 */
export function lingers(sighting: Sighting): boolean {
  const { ha: presence } = sighting.host.presence;
  if (presence === 'silent') return true;
  return presence === 'away' && sighting.assigned === null && mayRun(sighting);
}

/** Whether its node goes by what was wanted before, in what is no part of its spec. */
export function isUntold({ assigned }: Sighting): boolean {
  return assigned?.untold === true;
}

/** A container that serves, or one in which a job is at work. */
function mayRun(sighting: Sighting): boolean {
  return containersOf(sighting) > 0 || (sighting.observed?.job?.running ?? null) !== null;
}

/** What the removal of an instance that lingers waits for. */
export function lingererOf({ host, id }: Sighting, now: number): Waiting {
  const { stack, service, number } = id;
  return { stack, service, number, reason: `may still run: ${absenceReason([host], now)}` };
}

class Drafting {
  readonly #service: Service;
  readonly #now: number;
  readonly #arrival: string;
  readonly #making: { readonly mode: ReplaceMode; readonly because: string | null };
  #converged = 0;
  readonly #inFlight: Step[] = [];
  readonly #relocations: StepOf<'create'>[] = [];
  readonly #creates: StepOf<'create'>[] = [];
  readonly #urgent: StepOf<'replace'>[] = [];
  readonly #replaces: StepOf<'replace'>[] = [];
  readonly #removals: Removal[] = [];
  readonly #farewells: Removal[] = [];
  readonly #doubles: Removal[] = [];
  readonly #down = new Set<number>();
  readonly #displaced = new Set<number>();
  readonly #failed: Failed[] = [];
  readonly #blocked: Blocked[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #lingering: Waiting[] = [];

  constructor(service: Service, now: number, arrival: string) {
    this.#service = service;
    this.#now = now;
    this.#arrival = arrival;
    this.#making = { mode: replaceMode(service), because: sharedThing(service) };
  }

  add({ number, spot, strays }: Placement): void {
    const id = { stack: this.#service.stack, service: this.#service.name, number };
    const isReady = spot.kind === 'home' && isConverged(spot.home, this.#service);
    if (isReady) this.#converged += 1;
    else this.#start(id, spot);
    const home = spot.kind === 'home' ? spot.home : null;
    if (isReady && home !== null && isUntold(home))
      this.#lingering.push({ ...id, reason: untoldReason(home.host, this.#now) });
    if (!strays.some(serves) && (home === null || !serves(home))) this.#down.add(number);
    for (const stray of strays) this.#part(stray, spot, isReady);
  }

  drop(unwanted: Unwanted): void {
    const removal = removalOf(unwanted, this.#service.stateful);
    if (removal !== null) this.#removals.push(removal);
    this.#await(unwanted.sighting);
  }

  finish(wanted: number): Draft {
    return {
      service: this.#service,
      wanted,
      converged: this.#converged,
      inFlight: this.#inFlight,
      relocations: this.#relocations,
      creates: this.#creates,
      restores: [],
      replaces: [...this.#urgent, ...this.#replaces],
      removals: this.#removals,
      farewells: this.#farewells,
      doubles: this.#doubles,
      down: this.#down,
      displaced: this.#displaced,
      failed: this.#failed,
      blocked: this.#blocked,
      waiting: this.#waiting,
      lingering: this.#lingering,
    };
  }

  #start(id: InstanceId, spot: Spot): void {
    if (spot.kind === 'home') this.#startAtHome(id, spot.home);
    else if (spot.kind === 'new') this.#startElsewhere(id, spot);
    else if (spot.kind === 'blocked') this.#blocked.push(spot.blocked);
    else this.#waiting.push({ ...id, reason: spot.reason });
  }

  #startElsewhere(id: InstanceId, { host, left }: Extract<Spot, { kind: 'new' }>): void {
    if (left === null) {
      this.#creates.push(this.#create(id, host.name, this.#arrival));
      return;
    }
    const reason = departureReason(left.departure, left.sighting.host, this.#now);
    const { observed, assigned } = left.sighting;
    const ran = observed?.current?.specHash ?? assigned?.specHash;
    const list = ran === this.#service.specHash ? this.#relocations : this.#creates;
    const { cause } = left.departure;
    if (cause === 'lost' || cause === 'draining') this.#displaced.add(id.number);
    list.push(this.#create(id, host.name, reason));
  }

  #startAtHome(id: InstanceId, home: Sighting): void {
    const { host, observed, assigned } = home;
    const { specHash, strategy } = this.#service;
    if (host.presence[strategy] !== 'present') {
      this.#waiting.push({ ...id, reason: absenceReason([host], this.#now) });
      return;
    }
    const failure = failureOf(home, specHash);
    if (failure !== null && !mayPass(failure)) {
      this.#failed.push({ ...id, node: host.name, failure });
      return;
    }
    const isInFlight = assigned?.specHash === specHash;
    if (failure !== null && isInFlight) this.#waiting.push({ ...id, reason: pullReason(failure) });
    const reason = isInFlight ? inFlightReason(home, specHash) : startReason(home, specHash);
    const from = this.#replaced(home);
    if (from === null) {
      const step = this.#create(id, host.name, reason);
      if (isInFlight) this.#inFlight.push(step);
      else this.#creates.push(step);
      return;
    }
    const { mode, because } = this.#making;
    const change = { specHash, from, mode, ...(because === null ? {} : { because }) };
    const step = { kind: 'replace', ...id, node: host.name, reason, ...change } as const;
    if (isInFlight) this.#inFlight.push(step);
    else if (observed?.current?.specHash === specHash) this.#inFlight.push(step);
    else if (observed?.current?.ready === true) this.#replaces.push(step);
    else this.#urgent.push(step);
  }

  /**
   * The spec that makes way; `null` when nothing does. A container with the right spec on a node that was told to bring up
   * another one makes way in the assignment only: this takes the order back.
   */
  #replaced({ observed, assigned }: Sighting): string | null {
    const { specHash } = this.#service;
    const current = observed?.current?.specHash ?? null;
    if (current !== null && current !== specHash) return current;
    if (current === null || assigned === null || assigned.specHash === specHash) return null;
    return assigned.specHash;
  }

  #part(stray: Sighting, spot: Spot, isReady: boolean): void {
    const destination = spot.kind === 'home' ? spot.home.host : null;
    const target = spot.kind === 'new' ? spot.host : destination;
    if (target === null) return;
    const unwanted = { sighting: stray, reason: `moved to ${target.name}`, pruned: false };
    const removal = removalOf(unwanted, this.#service.stateful);
    if (removal === null) {
      this.#await(stray);
      return;
    }
    const isServed = isReady || (spot.kind === 'home' && serves(spot.home));
    if (isServed) this.#doubles.push(removal);
    else if (stray.observed?.current?.ready !== true) this.#removals.push(removal);
    else this.#farewells.push(removal);
  }

  #await(leaving: Sighting): void {
    if (lingers(leaving)) this.#lingering.push(lingererOf(leaving, this.#now));
  }

  #create(id: InstanceId, node: string, reason: string): StepOf<'create'> {
    return { kind: 'create', ...id, node, reason, specHash: this.#service.specHash };
  }
}

/** Why instances that are nowhere are created: the first ones are there and only more are wanted, or they are missing. */
function arrivalReason({ service, placements }: PlacedService): string {
  const there = placements.filter(({ spot }) => spot.kind === 'home').length;
  if (there === 0) return service.job === undefined ? 'no container' : 'the job is new here';
  if (service.strategy === 'daemon') return 'the node has none yet';
  const areFirst = placements.slice(0, there).every(({ spot }) => spot.kind === 'home');
  return areFirst ? `scaled from ${there} to ${placements.length}` : 'no container';
}

function startReason({ observed, assigned }: Sighting, specHash: string): string {
  const current = observed?.current ?? null;
  if (current === null && observed?.job !== undefined)
    return changedReason(observed.job.specHash, specHash);
  if (current === null) return 'no container';
  if (current.specHash !== specHash) return changedReason(current.specHash, specHash);
  if (assigned !== null) return `back to the spec that runs (${specHash.slice(0, 7)})`;
  return observed?.attempt?.phase === 'stopping' ? 'wanted again' : unreadyReason(current);
}

/** Whether an instance serves on this node: what a node that is not heard of last said counts for nothing here. */
function serves({ host, observed }: Sighting): boolean {
  return host.presence.ha === 'present' && observed?.current?.ready === true;
}

/** Kept apart because of ports and volumes, else side by side until the new one is ready. */
export function replaceMode(service: Pick<Service, 'stateful' | 'spec'>): ReplaceMode {
  return sharedThing(service) === null ? 'start-first' : 'stop-first';
}

/**
 * Old and new can only run side by side when they share nothing that one of them must have for itself: ports of the node,
 * a hardware address, or data that both would write. What that is, for people; `null`: nothing.
 */
export function sharedThing({ stateful, spec }: Pick<Service, 'stateful' | 'spec'>): string | null {
  const [port] = spec.ports;
  if (port !== undefined) return `port ${port.nodePort}/${port.protocol} of the node`;
  if (spec.networkMode === 'host') return "the node's network";
  const mount = spec.mounts.find(writesTo);
  if (mount?.kind === 'volume') return `volume ${mount.volume.name}`;
  if (mount?.kind === 'bind') return `the node's ${mount.source}`;
  const lender = spec.volumesFrom?.find((from) => !from.readOnly);
  if (lender !== undefined) return `the volumes of ${lender.service}`;
  if (stateful) return 'its data, it is stateful';
  return spec.extras?.macAddress === undefined ? null : `address ${spec.extras.macAddress}`;
}

/** Into what else may be open elsewhere: files are delivered to be read, and the rest is the container's own. */
function writesTo(mount: Mount): boolean {
  return (mount.kind === 'bind' || mount.kind === 'volume') && !mount.readOnly;
}
