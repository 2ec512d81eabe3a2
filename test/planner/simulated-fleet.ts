import type { Service } from '../../src/model/grid.ts';
import type { HostReport } from '../../src/model/host-report.ts';
import { type InstanceId, instancePath } from '../../src/model/identity.ts';
import type { ObservedNode, ObservedState } from '../../src/model/observed.ts';
import type { Plan } from '../../src/model/plan.ts';
import { volumeName } from '../../src/model/volume-name.ts';
import { aContainer, aNode, someFacts } from '../support/builders.ts';

export interface SimulatedHost {
  readonly name: string;
  readonly labels: readonly string[];
  /** By instance path: what the master has assigned. */
  readonly orders: Map<string, Order>;
  readonly containers: Map<string, Container>;
  /** The same object until something in it changes, as from an agent. */
  report: HostReport;
  /** Milliseconds since the epoch; `null`: it is there. */
  downSince: number | null;
}

interface Order {
  readonly id: InstanceId;
  readonly service: Service;
}

interface Container extends Order {
  readonly readyAt: number;
}

interface Shown {
  readonly status: ObservedNode['status'];
  readonly lastSeenAt: number;
  readonly view: ObservedNode;
}

/** What becomes of a host's containers while it is away. */
export type Outage = 'cut off' | 'rebooted' | 'wiped';

const noReport: HostReport = { ports: [], volumes: [] };

/**
 * Hosts with their agents and what a master remembers of them, by a clock that is moved by hand. Agents that are there do at
 * once what they are assigned; containers take a while until they are ready. A host that is away shows what it last showed.
 */
export class SimulatedFleet {
  readonly hosts: readonly SimulatedHost[];
  readonly #byName: ReadonlyMap<string, SimulatedHost>;
  readonly #services: ReadonlyMap<string, Service>;
  readonly #chance: (below: number) => number;
  readonly #shown = new Map<SimulatedHost, Shown>();
  /** Hosts whose view does not show how they are. */
  readonly #changed = new Set<SimulatedHost>();
  readonly #starting = new Set<SimulatedHost>();
  now: number;

  constructor(of: {
    readonly hosts: readonly { readonly name: string; readonly labels: readonly string[] }[];
    readonly services: readonly Service[];
    readonly chance: (below: number) => number;
    readonly now: number;
  }) {
    this.hosts = of.hosts.map((host) => ({
      ...host,
      orders: new Map<string, Order>(),
      containers: new Map<string, Container>(),
      report: noReport,
      downSince: null,
    }));
    this.#byName = new Map(this.hosts.map((host) => [host.name, host]));
    this.#services = new Map(of.services.map((one) => [`${one.stack}/${one.name}`, one]));
    this.#chance = of.chance;
    this.now = of.now;
    for (const host of this.hosts) this.#show(host);
  }

  host(name: string): SimulatedHost {
    const host = this.#byName.get(name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return host;
  }

  advance(milliseconds: number): void {
    this.now += milliseconds;
    for (const host of this.#starting) if (host.downSince === null) this.#changed.add(host);
    this.#starting.clear();
  }

  lose(host: SimulatedHost): void {
    host.downSince = this.now;
    this.#show(host);
  }

  bringBack(host: SimulatedHost, outage: Outage): void {
    host.downSince = null;
    if (outage === 'wiped') host.report = noReport;
    if (outage !== 'cut off') host.containers.clear();
    this.#reconcile(host);
  }

  /** Nobody counts as heard until the next observation of the ones that are there. */
  restartMaster(): ObservedState {
    const nodes = this.hosts.map((host) => {
      const { view } = this.#shown.get(host) ?? this.#show(host);
      const { host: _, ...stored } = view;
      const node = { ...stored, status: 'unobserved', lastSeenAt: this.now } as const;
      this.#shown.set(host, { status: 'unobserved', lastSeenAt: this.now, view: node });
      if (host.downSince === null) this.#changed.add(host);
      return node;
    });
    return { nodes };
  }

  observe(): ObservedState {
    for (const host of this.#changed) this.#show(host);
    this.#changed.clear();
    return { nodes: this.hosts.map((host) => (this.#shown.get(host) ?? this.#show(host)).view) };
  }

  /** Makes assignments of the steps of a plan's first wave. */
  dispatch(plan: Plan): void {
    for (const step of plan.waves[0]?.steps ?? []) {
      const host = this.host(step.node);
      const path = instancePath(step);
      const service = this.#services.get(`${step.stack}/${step.service}`);
      if (step.kind === 'remove') host.orders.delete(path);
      else if (service !== undefined) host.orders.set(path, { id: idOf(step), service });
      if (host.downSince === null) this.#reconcile(host);
      else this.#show(host);
    }
  }

  #reconcile(host: SimulatedHost): void {
    for (const path of host.containers.keys())
      if (!host.orders.has(path)) host.containers.delete(path);
    for (const [path, order] of host.orders) {
      if (host.containers.has(path)) continue;
      const readyAt = this.now + 1_000 * (1 + this.#chance(40));
      host.containers.set(path, { ...order, readyAt });
      this.#mount(host, order);
    }
    this.#changed.add(host);
  }

  #mount(host: SimulatedHost, { id, service }: Order): void {
    for (const mount of service.spec.mounts) {
      const name = mount.kind === 'volume' ? volumeName(id, mount.volume) : null;
      if (name === null || host.report.volumes.includes(name)) continue;
      host.report = { ...host.report, volumes: [...host.report.volumes, name].toSorted() };
    }
  }

  #show(host: SimulatedHost): Shown {
    const before = this.#shown.get(host);
    const shown =
      host.downSince === null ? this.#present(host) : this.#away(host, host.downSince, before);
    this.#shown.set(host, shown);
    return shown;
  }

  #present(host: SimulatedHost): Shown {
    if ([...host.containers.values()].some(({ readyAt }) => readyAt > this.now))
      this.#starting.add(host);
    const view = aNode({
      name: host.name,
      lastSeenAt: this.now,
      facts: someFacts({ labels: host.labels }),
      instances: [...host.containers.values()].map(({ id, service, readyAt }) => ({
        ...id,
        current: aContainer({ specHash: service.specHash, ready: readyAt <= this.now }),
        attempt: null,
      })),
      assigned: assignedOf(host),
      host: host.report,
    });
    return { status: 'online', lastSeenAt: this.now, view };
  }

  #away(host: SimulatedHost, since: number, before: Shown | undefined): Shown {
    const isUnheard = before?.status === 'unobserved';
    const status = isUnheard ? ('unobserved' as const) : ('offline' as const);
    const lastSeenAt = isUnheard ? before.lastSeenAt : since;
    const last = before?.view ?? aNode({ name: host.name });
    return {
      status,
      lastSeenAt,
      view: { ...last, status, lastSeenAt, assigned: assignedOf(host) },
    };
  }
}

function assignedOf({ orders }: SimulatedHost): ObservedNode['assigned'] {
  return [...orders.values()].map(({ id, service: { specHash, stateful, spec } }) => ({
    ...id,
    specHash,
    stateful,
    spec,
  }));
}

function idOf({ stack, service, number }: InstanceId): InstanceId {
  return { stack, service, number };
}
