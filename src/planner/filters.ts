import type { Service } from '../model/grid.ts';
import { instancePath } from '../model/identity.ts';
import type { PortBinding } from '../model/spec.ts';
import { isRelational, type Rule, satisfies, type Viewpoint } from './affinity.ts';
import { takesJobs } from './choose.ts';
import type { HostNode } from './host-nodes.ts';
import { capacityOf, NANO_CPUS, type Needs, needsOf } from './needs.ts';
import type { Occupancy } from './occupancy.ts';
import { claimOf } from './ports.ts';
import { oneLine } from './printable.ts';
import type { Request } from './request.ts';
import type { PortHolder } from './room.ts';

/** Names of what is not ours are cut: they may be anything. */
const LONGEST_NAME = 100;

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
    if (host.engineFault !== null) return 'its Docker engine does not answer';
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
    return taken === null ? 'port taken' : takenText(taken);
  },
};

const cpus: Filter = {
  name: 'cpus',
  allows: (...of) => isEnough('nanoCpus', ...of),
  explain: (host, request, occupancy) => {
    const { nanoCpus } = free(host, request, occupancy);
    return `${cpuText(nanoCpus)} CPUs free of ${cpuText(needsOf(request.service.spec).nanoCpus)} needed`;
  },
};

const memory: Filter = {
  name: 'memory',
  allows: (...of) => isEnough('memory', ...of),
  explain: (host, request, occupancy) => {
    const { memory: bytes } = free(host, request, occupancy);
    return `${mebibytes(bytes)} memory free of ${mebibytes(needsOf(request.service.spec).memory)} needed`;
  },
};

/** An older agent would take a job for a service, and start it again and again. */
const jobs: Filter = {
  name: 'jobs',
  allows: (host, { service }) => service.job === undefined || takesJobs(host),
  explain: () => 'its agent is too old for jobs',
};

/** What a node has so much of as it has. */
export const needFilters: readonly Filter[] = [cpus, memory];

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

/** What keeps an instance from starting where it is assigned, that it cannot wait for; `null`: nothing that is known. */
export function foreignPort(
  host: HostNode,
  request: Pick<Request, 'service'>,
  occupancy: Occupancy,
): string | null {
  const address = host.facts?.publishAddress ?? '0.0.0.0';
  for (const binding of request.service.spec.ports) {
    const holder = occupancy.room(host).foreignHolder(claimOf(binding, address));
    if (holder !== null) return takenText({ binding, holder });
  }
  return null;
}

/** Whether a node would have room if nothing of ours were on it: what is larger waits in vain for others to leave. */
export function wouldHaveRoom(host: HostNode, service: Service, occupancy: Occupancy): boolean {
  const [need, all] = [needsOf(service.spec), capacityOf(host)];
  if (need.memory > all.memory || need.nanoCpus > all.nanoCpus) return false;
  return foreignPort(host, { service }, occupancy) === null;
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

interface TakenBinding {
  readonly binding: PortBinding;
  readonly holder: PortHolder;
}

function takenPort(host: HostNode, request: Request, occupancy: Occupancy): TakenBinding | null {
  const bindings = request.service.spec.ports;
  if (bindings.length === 0) return null;
  const room = occupancy.room(host);
  const address = host.facts?.publishAddress ?? '0.0.0.0';
  for (const binding of bindings) {
    const holder = room.portHolder(claimOf(binding, address), request.id);
    if (holder !== null) return { binding, holder };
  }
  return null;
}

function takenText({ binding: { nodePort, protocol }, holder }: TakenBinding): string {
  if (holder.kind === 'instance') return `port ${nodePort} taken by ${instancePath(holder.id)}`;
  const { container, node } = holder.taken;
  if (container === null) return `port ${nodePort}/${protocol} is taken by a process of the host`;
  const name = oneLine(container, LONGEST_NAME);
  const whose =
    node === undefined ? "which is not gridops'" : `of node ${oneLine(node, LONGEST_NAME)}`;
  return `port ${nodePort}/${protocol} is taken by container ${name}, ${whose}`;
}

/** Whether what is needed is there, and not spoken for by others. */
function isEnough(
  kind: keyof Needs,
  host: HostNode,
  request: Request,
  occupancy: Occupancy,
): boolean {
  const need = needsOf(request.service.spec)[kind];
  if (need === 0) return true;
  // Looking for what is its own takes time, and is seldom needed.
  if (need <= capacityOf(host)[kind] - occupancy.room(host).reserved[kind]) return true;
  return need <= free(host, request, occupancy)[kind];
}

/** Of a node that has too little, as when a larger one came back as a smaller one, it is less than nothing. */
function free(host: HostNode, { id }: Request, occupancy: Occupancy): Needs {
  const room = occupancy.room(host);
  const [all, reserved, own] = [capacityOf(host), room.reserved, room.own(id)];
  return {
    memory: all.memory - reserved.memory + own.memory,
    nanoCpus: all.nanoCpus - reserved.nanoCpus + own.nanoCpus,
  };
}

function cpuText(nanoCpus: number): string {
  return String(Math.max(0, Math.round(nanoCpus / (NANO_CPUS / 100)) / 100));
}

function mebibytes(bytes: number): string {
  return `${Math.floor(Math.max(0, bytes) / 1024 ** 2)} MiB`;
}
