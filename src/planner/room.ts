import type { Service } from '../model/grid.ts';
import { type InstanceId, servicePath } from '../model/identity.ts';
import type { ContainerSpec } from '../model/spec.ts';
import type { Company } from './affinity.ts';
import type { HostNode } from './host-nodes.ts';
import { claimOf, type PortClaim } from './ports.ts';

/** An instance on a node. */
export interface Occupant {
  readonly id: InstanceId;
  /** `null`: no revision wants it, or its stack is held. What it claims is not known. */
  readonly service: Service | null;
  /** What it has on the node already is what the service wants of it now. */
  readonly isCurrent: boolean;
  leaving: boolean;
}

interface Claim extends PortClaim {
  readonly owner: Occupant;
}

/**
 * Who is on one node, and what is left for others. Ports and memory are counted by the desired specs. What is about to leave
 * holds them until it is gone, if it has that spec at all; the claims of specs that are not desired any more are not known.
 */
export class Room {
  readonly #publishAddress: string;
  readonly #occupants: Occupant[] = [];
  readonly #ports = new Map<number, Claim[]>();
  /** How many stay of each service; counted once somebody asks. */
  #services: Map<string, number> | null = null;
  #memory = 0;

  constructor(host: HostNode) {
    this.#publishAddress = host.facts?.publishAddress ?? '0.0.0.0';
  }

  enter(occupant: Occupant): void {
    this.#occupants.push(occupant);
    if (!occupant.leaving) this.#count(occupant, 1);
    if (occupant.service === null || !isClaiming(occupant)) return;
    this.#memory += memoryNeed(occupant.service.spec);
    for (const binding of occupant.service.spec.ports) {
      const claim = { ...claimOf(binding, this.#publishAddress), owner: occupant };
      const claims = this.#ports.get(claim.port);
      if (claims === undefined) this.#ports.set(claim.port, [claim]);
      else claims.push(claim);
    }
  }

  /** Says whether that frees anything. */
  leave(id: InstanceId): boolean {
    const occupant = this.#find(id);
    if (occupant === undefined || occupant.leaving) return false;
    occupant.leaving = true;
    this.#count(occupant, -1);
    if (occupant.service === null || isClaiming(occupant)) return false;
    this.#memory -= memoryNeed(occupant.service.spec);
    return true;
  }

  /** Who else holds a port that collides with a wanted one; `null` when nobody does. */
  portHolder(
    wanted: (claim: PortClaim) => boolean,
    port: number,
    asking: InstanceId,
  ): InstanceId | null {
    const found = this.#ports
      .get(port)
      ?.find(
        (claim) => wanted(claim) && isClaiming(claim.owner) && !isSame(claim.owner.id, asking),
      );
    return found?.owner.id ?? null;
  }

  /** Bytes that are spoken for, also by `asking` if it is here. */
  get reservedMemory(): number {
    return this.#memory;
  }

  /** Bytes of those that are `asking`'s own. */
  ownMemory(asking: InstanceId): number {
    const own = this.#find(asking);
    if (own === undefined || own.service === null || !isClaiming(own)) return 0;
    return memoryNeed(own.service.spec);
  }

  /** Those who stay, but for the one that asks. */
  company(asking: InstanceId): Company {
    return {
      has: (stack, service) => this.#others(stack, service, asking) > 0,
      some: (test) =>
        this.#occupants.some(({ id, leaving }) => !leaving && !isSame(id, asking) && test(id)),
    };
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

/** Bytes that a container may use; 0 when it says nothing (kontena.md 4.3, filter 8). */
export function memoryNeed(spec: ContainerSpec): number {
  return spec.memory ?? spec.memorySwap ?? 0;
}

function isClaiming({ leaving, isCurrent }: Occupant): boolean {
  return isCurrent || !leaving;
}

function isSame(a: InstanceId, b: InstanceId): boolean {
  return a.number === b.number && a.service === b.service && a.stack === b.stack;
}
