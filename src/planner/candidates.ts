import { compareText } from '../model/identity.ts';
import { isRelational, type Rule, satisfies } from './affinity.ts';
import { passes, standingFilters, viewpoint } from './filters.ts';
import { NumberHeap } from './heap.ts';
import type { HostNode } from './host-nodes.ts';
import { needsOf } from './needs.ts';
import type { Occupancy } from './occupancy.ts';
import type { Request } from './request.ts';
import { TakenNodes } from './taken-nodes.ts';
import { VolumeHomes } from './volume-homes.ts';

/** Nodes that are equally preferred, as positions in the list of all nodes: the smaller position is the smaller name. */
export interface Tier {
  readonly positions: readonly number[];
  /** By name. */
  readonly zones: readonly Zone[];
}

/**
 * The nodes that the standing filters allow a request, best tier first: soft rules prefer, in their order, and never
 * exclude. Whatever the strategy, a node of a later tier is taken only when no earlier one has room.
 */
export interface Candidates {
  readonly tiers: readonly Tier[];
}

interface TierList {
  readonly positions: readonly number[];
  readonly zones: readonly (readonly [name: string, positions: readonly number[]])[];
}

/**
 * Makes candidates, and makes them once for all requests that nodes look at in the same way: thousands of services have no
 * rules and no needs of their own. Lists are shared by what the service asks of nodes as such, candidates also by what it
 * needs room for.
 */
export class CandidateLists {
  readonly #occupancy: Occupancy;
  readonly #lists = new Map<string, readonly TierList[]>();
  readonly #candidates = new Map<string, Candidates>();
  readonly #volumes: VolumeHomes;

  constructor(occupancy: Occupancy) {
    this.#occupancy = occupancy;
    this.#volumes = new VolumeHomes(occupancy.hosts);
  }

  /** Whether which nodes are preferred is a matter of this instance at this moment: its candidates are good for nothing else. */
  arePersonal(request: Request): boolean {
    return dependsOnCompany(request.rules) || this.#volumes.known(request).length > 0;
  }

  for(request: Request): Candidates {
    const { rules } = request;
    if (this.arePersonal(request)) return this.#make(this.#list(request));
    const standing = standingKey(request);
    const list = this.#lists.get(standing) ?? this.#list(request);
    this.#lists.set(standing, list);
    // Rules on who is there: whom they exclude differs from service to service.
    if (rules.some(isRelational)) return this.#make(list);
    const key = `${standing}\n${roomKey(request)}`;
    const candidates = this.#candidates.get(key) ?? this.#make(list);
    this.#candidates.set(key, candidates);
    return candidates;
  }

  #list(request: Request): readonly TierList[] {
    const tiers = new Map<number, number[]>();
    const volumes = this.#volumes.known(request);
    for (const [position, host] of this.#occupancy.hosts.entries()) {
      if (!passes(standingFilters, host, request, this.#occupancy)) continue;
      const missing = this.#volumes.missing(volumes, host);
      add(tiers, missedPreferences(request, host, this.#occupancy, missing), position);
    }
    return [...tiers]
      .toSorted(([a], [b]) => a - b)
      .map(([, positions]) => ({ positions, zones: this.#byZone(positions) }));
  }

  #byZone(positions: readonly number[]): TierList['zones'] {
    const zones = new Map<string, number[]>();
    for (const position of positions)
      add(zones, this.#occupancy.hosts[position]?.zone ?? '', position);
    return [...zones].toSorted(([a], [b]) => compareText(a, b));
  }

  #make(list: readonly TierList[]): Candidates {
    const tiers = list.map(({ positions, zones }) => ({
      positions,
      zones: zones.map(([name, members]) => new Zone(name, members, this.#occupancy)),
    }));
    return { tiers };
  }
}

/** Whether which nodes are preferred depends on who is there by now. */
function dependsOnCompany(rules: readonly Rule[]): boolean {
  return rules.some((rule) => rule.soft && isRelational(rule));
}

/** Where one service's instances are so far, those that stay and those that this plan has placed. */
export interface Tally {
  readonly onNode: ReadonlyMap<number, number>;
  readonly inZone: ReadonlyMap<string, number>;
  readonly inRegion: ReadonlyMap<string, number>;
}

/**
 * A zone's nodes, the least loaded and then the first by name on top. Loads only grow while a plan is made, so a node
 * whose load is out of date can only be too high up: it is put right when it comes to the top.
 */
export class Zone {
  readonly name: string;
  readonly region: string;
  readonly #occupancy: Occupancy;
  readonly #heap: NumberHeap;
  /** Not in the heap during this turn: the service is on them already. */
  readonly #taken: TakenNodes;
  /** Not in the heap until something becomes free somewhere: they have no room for anyone with these needs. */
  readonly #full: number[] = [];
  #frees: number;

  constructor(name: string, positions: readonly number[], occupancy: Occupancy) {
    this.name = name;
    this.region = occupancy.hosts[positions[0] ?? 0]?.region ?? '';
    this.#occupancy = occupancy;
    this.#frees = occupancy.frees;
    this.#heap = new NumberHeap(positions.map((position) => this.#key(position)));
    this.#taken = new TakenNodes({
      key: (position) => this.#key(position),
      positionOf: (key) => key % occupancy.hosts.length,
    });
  }

  /** The node with the fewest instances of the service, then the least loaded, then the first by name. */
  best(tally: Tally, hasRoom: (position: number) => boolean): number | null {
    this.#lookAgain();
    for (let top = this.#heap.top; top !== undefined; top = this.#heap.top) {
      const position = top % this.#occupancy.hosts.length;
      if (top !== this.#key(position)) {
        this.#heap.replaceTop(this.#key(position));
        continue;
      }
      const taken = tally.onNode.get(position);
      if (taken === undefined && hasRoom(position)) return position;
      this.#heap.pop();
      if (taken === undefined) this.#full.push(position);
      else this.#taken.add(position, taken);
    }
    return this.#taken.first({
      count: (position) => tally.onNode.get(position) ?? 0,
      hasRoom,
      onFull: (position) => this.#full.push(position),
    });
  }

  /** Ends one service's turn. */
  release(): void {
    this.#putBack(this.#taken.takeAll());
  }

  #lookAgain(): void {
    if (this.#frees === this.#occupancy.frees) return;
    this.#frees = this.#occupancy.frees;
    this.#putBack(this.#full.splice(0));
  }

  #putBack(positions: readonly number[]): void {
    for (const position of positions) this.#heap.push(this.#key(position));
  }

  #key(position: number): number {
    return this.#occupancy.load(position) * this.#occupancy.hosts.length + position;
  }
}

function add<K>(groups: Map<K, number[]>, key: K, position: number): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [position]);
  else group.push(position);
}

/** What the standing filters and preferences look at in a request. */
function standingKey({ service, rules }: Request): string {
  if (rules.length === 0 && service.spec.mounts.length === 0 && service.job === undefined)
    return service.stateful ? 'stateful' : '';
  const drivers = service.spec.mounts.map((mount) =>
    mount.kind === 'volume' ? mount.volume.driver : null,
  );
  const asked = rules.filter((rule) => !isRelational(rule)).map((rule) => rule.text);
  return JSON.stringify([service.stateful, drivers, asked, service.job !== undefined]);
}

/** What the room filters look at in a request without rules on who is there. */
function roomKey({ service: { spec } }: Request): string {
  const { memory, nanoCpus } = needsOf(spec);
  if (spec.ports.length === 0 && nanoCpus === 0 && memory === 0) return '';
  const ports = spec.ports.map(({ ip, nodePort, protocol }) => `${ip} ${nodePort} ${protocol}`);
  return JSON.stringify([ports, nanoCpus, memory]);
}

/**
 * 0 when all soft rules are satisfied and no volume of its own is missing; an earlier rule weighs more than all later ones
 * together, and volumes weigh more than rules (kontena.md 4.3).
 */
function missedPreferences(
  request: Request,
  host: HostNode,
  occupancy: Occupancy,
  missingVolumes: number,
): number {
  let missed = missingVolumes;
  for (const rule of request.rules) {
    if (!rule.soft) continue;
    missed = missed * 2 + (satisfies(rule, viewpoint(host, request, occupancy)) ? 0 : 1);
  }
  return missed;
}
