import { compareInstances, type InstanceId } from '../model/identity.ts';
import { type Guest, seatGuests } from './guests.ts';
import type { HostNode } from './host-nodes.ts';
import type { ObservedIndex } from './index-observed.ts';
import type { Request } from './request.ts';
import { type Occupant, Room } from './room.ts';

/** What the desired state says of an instance that is on a node. */
export type Claimant = Pick<Occupant, 'service' | 'leaving'> & {
  /** The pull request that it is of, when it has only the room that others leave. */
  readonly request: number | null;
};

/**
 * Who is on which node: first everything seen or assigned there, then also what this plan places. A node is looked into
 * when it is first asked about: most plans ask about few.
 */
export class Occupancy {
  /** All nodes by name. Everywhere a node's position is that in this list. */
  readonly hosts: readonly HostNode[];
  readonly #index: ObservedIndex;
  readonly #claimant: (id: InstanceId) => Claimant | null;
  readonly #rooms = new Map<HostNode, Room>();
  readonly #positions: ReadonlyMap<HostNode, number>;
  readonly #loads: Int32Array;
  #frees = 0;

  constructor(
    hosts: readonly HostNode[],
    index: ObservedIndex,
    claimant: (id: InstanceId) => Claimant | null,
  ) {
    this.hosts = hosts;
    this.#index = index;
    this.#claimant = claimant;
    this.#positions = new Map(hosts.map((host, at) => [host, at]));
    this.#loads = Int32Array.from(hosts, (host) => index.onNode(host.name).length);
  }

  position(host: HostNode): number {
    return this.#positions.get(host) ?? 0;
  }

  /** How many instances are on the node at this position. It only grows. */
  load(position: number): number {
    return this.#loads[position] ?? 0;
  }

  /** How often something became free. As long as this stays the same, nodes only fill up. */
  get frees(): number {
    return this.#frees;
  }

  place(host: HostNode, { id, service }: Request): void {
    const position = this.position(host);
    this.#loads[position] = this.load(position) + 1;
    this.room(host).enter({ id, service, held: null, isCurrent: true, leaving: false });
  }

  leave(host: HostNode, id: InstanceId): void {
    if (this.room(host).leave(id)) this.#frees += 1;
  }

  /** It goes, and what it takes is another's from now on. */
  yield(host: HostNode, id: InstanceId): void {
    if (this.room(host).yield(id)) this.#frees += 1;
  }

  /** Whether there was no room left for it beside those that come before it. */
  isCrowdedOut(host: HostNode, id: InstanceId): boolean {
    return this.room(host).hasYielded(id);
  }

  room(host: HostNode): Room {
    const known = this.#rooms.get(host);
    if (known !== undefined) return known;
    const room = new Room(host);
    this.#rooms.set(host, room);
    // Sorted, so that who is named as holding a port does not depend on who was reported first.
    const sightings = this.#index
      .onNode(host.name)
      .toSorted((a, b) => compareInstances(a.id, b.id));
    const guests: Guest[] = [];
    for (const { id, observed, assigned } of sightings) {
      const claimant = this.#claimant(id);
      if (claimant === null) continue;
      const { service, request, leaving } = claimant;
      const hash = service?.specHash;
      const isCurrent = observed?.current?.specHash === hash || assigned?.specHash === hash;
      const occupant = { id, service, held: assigned?.spec ?? null, isCurrent, leaving };
      if (request === null || leaving) room.enter(occupant);
      else guests.push({ occupant, request });
    }
    seatGuests(room, guests, host);
    return room;
  }
}
