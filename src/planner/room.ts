import type { Service } from '../model/grid.ts';
import type { TakenPort } from '../model/host-report.ts';
import { type InstanceId, servicePath } from '../model/identity.ts';
import type { ContainerSpec } from '../model/spec.ts';
import type { Company } from './affinity.ts';
import type { HostNode } from './host-nodes.ts';
import { type Needs, needsOf } from './needs.ts';
import { claimOf, collide, type PortClaim } from './ports.ts';

/** An instance on a node. */
export interface Occupant {
  readonly id: InstanceId;
  /** `null`: no revision wants it, or its stack is held. */
  readonly service: Service | null;
  /** What its node was told that it is; `null`: not known. */
  readonly held: ContainerSpec | null;
  /** What it has on the node already is what the service wants of it now. */
  readonly isCurrent: boolean;
  leaving: boolean;
  /** It claims nothing any more, though it may still be there. */
  yielded?: boolean;
}

interface Claim extends PortClaim {
  readonly owner: Occupant;
  /** The claim counts as long as this is what the owner claims by. */
  readonly spec: ContainerSpec;
}

/** Who has a port: an instance, or something that is not this node's to run. */
export type PortHolder =
  | { readonly kind: 'instance'; readonly id: InstanceId }
  | { readonly kind: 'foreign'; readonly taken: TakenPort };

/**
 * Who is on one node, and what is left for others. What stays counts by the spec that it is to have. What is about to leave,
 * what no revision wants and what is of a held stack counts by the spec that its node was told, until it is gone.
 */
export class Room {
  readonly #publishAddress: string;
  readonly #occupants: Occupant[] = [];
  readonly #ports = new Map<number, Claim[]>();
  readonly #foreign = new Map<number, TakenPort[]>();
  /** How many stay of each service; counted once somebody asks. */
  #services: Map<string, number> | null = null;
  #memory = 0;
  #nanoCpus = 0;

  constructor(host: HostNode) {
    this.#publishAddress = host.facts?.publishAddress ?? '0.0.0.0';
    for (const taken of host.report?.ports ?? []) add(this.#foreign, taken.port, taken);
  }

  enter(occupant: Occupant): void {
    this.#occupants.push(occupant);
    if (!occupant.leaving) this.#count(occupant, 1);
    this.#claim(occupant);
  }

  /** Says whether that may have freed anything. */
  leave(id: InstanceId): boolean {
    const occupant = this.#find(id);
    if (occupant === undefined || occupant.leaving) return false;
    const before = claimed(occupant);
    occupant.leaving = true;
    this.#count(occupant, -1);
    if (before === null || claimed(occupant) === before) return false;
    this.#reserve(before, -1);
    this.#claim(occupant);
    return true;
  }

  /** Says whether that has freed anything. */
  yield(id: InstanceId): boolean {
    const occupant = this.#find(id);
    if (occupant === undefined || occupant.yielded === true) return false;
    const before = claimed(occupant);
    if (!occupant.leaving) this.#count(occupant, -1);
    occupant.leaving = true;
    occupant.yielded = true;
    if (before !== null) this.#reserve(before, -1);
    return before !== null;
  }

  hasYielded(id: InstanceId): boolean {
    return this.#find(id)?.yielded === true;
  }

  /** Who else has a port that collides with the wanted one; `null` when nobody has. */
  portHolder(wanted: PortClaim, asking: InstanceId): PortHolder | null {
    const claim = this.#ports
      .get(wanted.port)
      ?.find(
        (held) =>
          claimed(held.owner) === held.spec &&
          collide(held, wanted) &&
          !isSame(held.owner.id, asking),
      );
    if (claim !== undefined) return { kind: 'instance', id: claim.owner.id };
    return this.foreignHolder(wanted);
  }

  /** What has it that is not this node's to run. */
  foreignHolder(wanted: PortClaim): PortHolder | null {
    const taken = this.#foreign.get(wanted.port)?.find((held) => collide(held, wanted));
    return taken === undefined ? null : { kind: 'foreign', taken };
  }

  /** What is spoken for, also by `asking` if it is here. */
  get reserved(): Needs {
    return { memory: this.#memory, nanoCpus: this.#nanoCpus };
  }

  /** What of that is `asking`'s own. */
  own(asking: InstanceId): Needs {
    const own = this.#find(asking);
    const spec = own === undefined ? null : claimed(own);
    return spec === null ? nothing : needsOf(spec);
  }

  /** Those who stay, but for the one that asks. */
  company(asking: InstanceId): Company {
    return {
      has: (stack, service) => this.#others(stack, service, asking) > 0,
      some: (test) =>
        this.#occupants.some(({ id, leaving }) => !leaving && !isSame(id, asking) && test(id)),
    };
  }

  #claim(owner: Occupant): void {
    const spec = claimed(owner);
    if (spec === null) return;
    this.#reserve(spec, 1);
    for (const binding of spec.ports) {
      const claim = { ...claimOf(binding, this.#publishAddress), owner, spec };
      add(this.#ports, claim.port, claim);
    }
  }

  #reserve(spec: ContainerSpec, times: 1 | -1): void {
    const { memory, nanoCpus } = needsOf(spec);
    this.#memory += times * memory;
    this.#nanoCpus += times * nanoCpus;
  }

  #others(stack: string, service: string, asking: InstanceId): number {
    if (this.#services === null) {
      this.#services = new Map();
      for (const occupant of this.#occupants) if (!occupant.leaving) this.#count(occupant, 1);
    }
    const all = this.#services.get(servicePath({ stack, service })) ?? 0;
    if (all === 0 || asking.stack !== stack || asking.service !== service) return all;
    return this.#find(asking)?.leaving === false ? all - 1 : all;
  }

  #count({ id }: Occupant, change: 1 | -1): void {
    const path = servicePath(id);
    this.#services?.set(path, (this.#services.get(path) ?? 0) + change);
  }

  #find(id: InstanceId): Occupant | undefined {
    return this.#occupants.find((occupant) => isSame(occupant.id, id));
  }
}

const nothing: Needs = { memory: 0, nanoCpus: 0 };

/** The spec that an instance takes room by; `null`: none that is known. */
export function claimed(occupant: Occupant): ContainerSpec | null {
  const { service, held, isCurrent, leaving, yielded = false } = occupant;
  if (yielded) return null;
  return service !== null && (isCurrent || !leaving) ? service.spec : held;
}

function add<T>(lists: Map<number, T[]>, key: number, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function isSame(a: InstanceId, b: InstanceId): boolean {
  return a.number === b.number && a.service === b.service && a.stack === b.stack;
}
