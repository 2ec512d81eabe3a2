import type { Service } from '../../src/model/grid.ts';
import { instancePath } from '../../src/model/identity.ts';
import type { ObservedNode, ObservedState } from '../../src/model/observed.ts';
import type { Plan, ReplaceMode, Step } from '../../src/model/plan.ts';
import { aContainer, anAttempt } from '../support/builders.ts';

interface Container {
  readonly specHash: string;
  readonly ready: boolean;
}

interface Order {
  readonly specHash: string;
  readonly mode: ReplaceMode;
}

interface Host {
  readonly node: ObservedNode;
  /** By instance path. */
  readonly containers: Map<string, Container>;
  readonly orders: Map<string, Order>;
}

/**
 * The smallest world that a plan can be carried out in: hosts with orders and containers. It moves only when it is told to,
 * one instance at a time, so that a test can look at every state in between.
 */
export class World {
  readonly #hosts: readonly Host[];
  readonly #broken: ReadonlySet<string>;

  /** Containers of `broken` specs never get ready. */
  constructor(state: ObservedState, broken: ReadonlySet<string> = new Set()) {
    this.#hosts = state.nodes.map((node) => hostOf(node));
    this.#broken = broken;
  }

  observe(): ObservedState {
    return { nodes: this.#hosts.map((host) => this.#observeHost(host)) };
  }

  /** Takes the steps of the first wave as new orders; says whether any of them was new. */
  dispatch(plan: Plan): boolean {
    return (plan.waves[0]?.steps ?? []).map((step) => this.#order(step)).includes(true);
  }

  /** The things that could happen next, on hosts that are up. */
  moves(): readonly (() => void)[] {
    const up = this.#hosts.filter(({ node }) => node.status === 'online');
    return up.flatMap((host) => {
      const paths = new Set([...host.containers.keys(), ...host.orders.keys()]);
      return [...paths].flatMap((path) => this.#moveOf(host, path) ?? []);
    });
  }

  /** How many instances of a service serve. */
  ready(service: Service): number {
    const serving = new Set<string>();
    for (const { containers } of this.#hosts)
      for (const [path, { ready }] of containers) {
        const id = idOf(path);
        if (ready && id.stack === service.stack && id.service === service.name) serving.add(path);
      }
    return serving.size;
  }

  /** How many instances of a service serve on hosts that are up. */
  serving(service: Service): number {
    return new World({
      nodes: this.observe().nodes.filter(({ status }) => status === 'online'),
    }).ready(service);
  }

  /** Whether an instance has a container with this spec on this node. */
  has(node: string, path: string, specHash: string): boolean {
    const host = this.#hosts.find((one) => one.node.name === node);
    return host?.containers.get(path)?.specHash === specHash;
  }

  #order(step: Step): boolean {
    const host = this.#hosts.find(({ node }) => node.name === step.node);
    if (host === undefined) throw new Error(`no host ${step.node}`);
    const path = instancePath(step);
    if (step.kind === 'remove') return host.orders.delete(path);
    if (host.orders.get(path)?.specHash === step.specHash) return false;
    const mode = step.kind === 'replace' ? step.mode : 'stop-first';
    host.orders.set(path, { specHash: step.specHash, mode });
    return true;
  }

  #moveOf(host: Host, path: string): (() => void) | null {
    const order = host.orders.get(path);
    const container = host.containers.get(path);
    if (order === undefined) return () => host.containers.delete(path);
    const { specHash, mode } = order;
    if (container === undefined) return () => host.containers.set(path, { specHash, ready: false });
    if (container.specHash !== specHash) {
      if (mode === 'stop-first') return () => host.containers.set(path, { specHash, ready: false });
      return this.#broken.has(specHash)
        ? null
        : () => host.containers.set(path, { specHash, ready: true });
    }
    if (container.ready || this.#broken.has(specHash)) return null;
    return () => host.containers.set(path, { specHash, ready: true });
  }

  #observeHost({ node, containers, orders }: Host): ObservedNode {
    const paths = [...new Set([...containers.keys(), ...orders.keys()])];
    return {
      ...node,
      instances: paths.map((path) => {
        const container = containers.get(path);
        const order = orders.get(path);
        const inTheMaking = order !== undefined && order.specHash !== container?.specHash;
        return {
          ...idOf(path),
          current:
            container === undefined
              ? null
              : aContainer({ id: `${node.name}/${path}`, ...container }),
          attempt: inTheMaking ? anAttempt({ specHash: order.specHash }) : null,
        };
      }),
      assigned: [...orders].map(([path, { specHash }]) => ({
        ...idOf(path),
        specHash,
        stateful: false,
      })),
    };
  }
}

function hostOf(node: ObservedNode): Host {
  const containers = new Map<string, Container>();
  const orders = new Map<string, Order>();
  for (const instance of node.instances)
    if (instance.current !== null) {
      const { specHash, ready } = instance.current;
      containers.set(instancePath(instance), { specHash, ready });
    }
  for (const order of node.assigned)
    orders.set(instancePath(order), { specHash: order.specHash, mode: 'stop-first' });
  return { node, containers, orders };
}

function idOf(path: string): { stack: string; service: string; number: number } {
  const [, stack = '', service = '', number = ''] = /^([^/]+)\/(.+)-(\d+)$/.exec(path) ?? [];
  return { stack, service, number: Number(number) };
}
