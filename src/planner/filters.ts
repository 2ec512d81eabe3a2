import type { Service } from '../model/grid.ts';
import { type InstanceId, instancePath } from '../model/identity.ts';
import { isRelational, type Rule, satisfies, type Viewpoint } from './affinity.ts';
import { takesJobs } from './choose.ts';
import type { HostNode } from './host-nodes.ts';
import type { Occupancy } from './occupancy.ts';
import { claimOf, collide } from './ports.ts';
import type { Request } from './request.ts';
import { memoryNeed } from './room.ts';

/** A hard condition for an instance to be on a node. Kontena's (kontena.md 4.3), in its order. */
export interface Filter {
  readonly name: string;
  allows(host: HostNode, request: Request, occupancy: Occupancy): boolean;
  /** Why it does not allow the node, as a remark on it: "draining". */
  explain(host: HostNode, request: Request, occupancy: Occupancy): string;
}

const availability: Filter = {
  name: 'availability',
  allows: (host) => host.presence.ha === 'present' && !host.draining && host.facts !== null,
  explain: (host) => {
    if (host.presence.ha === 'silent' || host.facts === null) return 'not reported yet';
    return host.presence.ha === 'present' ? 'draining' : 'offline';
  },
};

const ephemeral: Filter = {
  name: 'ephemeral',
  allows: (host, { service }) => !service.stateful || !host.labels.has('ephemeral'),
  explain: () => 'ephemeral, and the service is stateful',
};

const volumes: Filter = {
  name: 'volumes',
  allows: (host, { service }) => missingDriver(host, service) === null,
  explain: (host, { service }) => `no volume driver ${missingDriver(host, service) ?? ''}`,
};

/** Rules on nodes and labels. */
const affinity: Filter = rulesFilter((rule) => !isRelational(rule));

/** Rules on services and containers. */
const company: Filter = rulesFilter(isRelational);

const ports: Filter = {
  name: 'ports',
  allows: (host, request, occupancy) => takenPort(host, request, occupancy) === null,
  explain: (host, request, occupancy) => {
    const taken = takenPort(host, request, occupancy);
    if (taken === null) return 'port taken';
    return `port ${taken.port} taken by ${instancePath(taken.holder)}`;
  },
};

const cpus: Filter = {
  name: 'cpus',
  allows: (host, { service }) => (service.spec.cpus ?? 0) <= (host.facts?.cpus ?? 0),
  explain: (host, { service }) =>
    `${host.facts?.cpus ?? 0} of ${service.spec.cpus ?? 0} CPUs needed`,
};

const memory: Filter = {
  name: 'memory',
  allows: (host, request, occupancy) => {
    const need = memoryNeed(request.service.spec);
    if (need === 0) return true;
    const unspoken = (host.facts?.memory ?? 0) - occupancy.room(host).reservedMemory;
    return need <= unspoken || need <= freeMemory(host, request, occupancy);
  },
  explain: (host, request, occupancy) => {
    const free = Math.max(0, freeMemory(host, request, occupancy));
    return `${mebibytes(free)} memory free of ${mebibytes(memoryNeed(request.service.spec))} needed`;
  },
};

/** An older agent would take a job for a service, and start it again and again. */
const jobs: Filter = {
  name: 'jobs',
  allows: (host, { service }) => service.job === undefined || takesJobs(host),
  explain: () => 'its agent is too old for jobs',
};

/** These depend on the node and the service. */
export const standingFilters: readonly Filter[] = [
  availability,
  ephemeral,
  volumes,
  affinity,
  jobs,
];

/** These depend on who else is on the node, or on what it has for one instance. */
export const roomFilters: readonly Filter[] = [company, ports, cpus, memory];

export const filters: readonly Filter[] = [...standingFilters, ...roomFilters];

/** Whether all of the filters allow it. */
export function passes(
  list: readonly Filter[],
  host: HostNode,
  request: Request,
  occupancy: Occupancy,
): boolean {
  for (const filter of list) if (!filter.allows(host, request, occupancy)) return false;
  return true;
}

export function viewpoint(host: HostNode, { id }: Request, occupancy: Occupancy): Viewpoint {
  return {
    asking: id,
    host,
    // Rules on nodes and labels never ask: looking into every room for them would be slow.
    get company() {
      return occupancy.room(host).company(id);
    },
  };
}

function rulesFilter(isMeant: (rule: Rule) => boolean): Filter {
  const broken: Broken = (host, request, occupancy) => {
    for (const rule of request.rules)
      if (!rule.soft && isMeant(rule) && !satisfies(rule, viewpoint(host, request, occupancy)))
        return rule;
    return null;
  };
  return {
    name: 'affinity',
    allows: (...of) => broken(...of) === null,
    explain: (...of) => {
      const rule = broken(...of);
      if (rule?.matches === null) return `${rule.text} is no pattern that can be used`;
      return `${rule?.text ?? 'affinity'} not satisfied`;
    },
  };
}

type Broken = (host: HostNode, request: Request, occupancy: Occupancy) => Rule | null;

function missingDriver(host: HostNode, service: Service): string | null {
  for (const mount of service.spec.mounts) {
    const driver = mount.kind === 'volume' ? mount.volume.driver : null;
    if (driver !== null && host.facts?.volumeDrivers.includes(driver) !== true) return driver;
  }
  return null;
}

function takenPort(
  host: HostNode,
  request: Request,
  occupancy: Occupancy,
): { readonly port: number; readonly holder: InstanceId } | null {
  const bindings = request.service.spec.ports;
  if (bindings.length === 0) return null;
  const room = occupancy.room(host);
  const address = host.facts?.publishAddress ?? '0.0.0.0';
  for (const binding of bindings) {
    const wanted = claimOf(binding, address);
    const holder = room.portHolder((held) => collide(held, wanted), wanted.port, request.id);
    if (holder !== null) return { port: binding.nodePort, holder };
  }
  return null;
}

function freeMemory(host: HostNode, { id }: Request, occupancy: Occupancy): number {
  const room = occupancy.room(host);
  return (host.facts?.memory ?? 0) - room.reservedMemory + room.ownMemory(id);
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 ** 2)} MiB`;
}
