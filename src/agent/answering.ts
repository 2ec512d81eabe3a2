import type { Upstream } from '../balancer/upstream.ts';
import { conditionOf } from '../discovery/record.ts';
import type { ServiceChange } from '../discovery/service-watch.ts';
import type { Publication } from './publisher.ts';

/** Who answers for services of the grid, as far as this node knows. */
export interface Answering {
  /** `null`: it is not known yet, which is no reason to send anybody away. */
  of(service: { readonly stack: string; readonly service: string }): readonly Upstream[] | null;
  /** Calls whenever that has changed of any service; call the result to end it. */
  onChange(listener: () => void): () => void;
}

/**
 * What a load balancer makes of a service's containers: the unhealthy are nobody, those that are about to be stopped finish what
 * they have. Those of silent nodes are passed over while others are there, and so are
 * those that are not ready; where there is nobody else, trying them is better than an error for everybody.
 */
export function upstreamsOf({ stack, service, instances }: ServiceChange): readonly Upstream[] {
  const heard = instances.filter((one) => !one.stale);
  const known = heard.length > 0 ? heard : instances;
  const usable = known.filter((one) => one.condition !== 'unhealthy');
  const hasReady = known.some((one) => one.condition === 'ready');
  return usable.map(({ number, container, address, port, condition }) => ({
    stack,
    service,
    number,
    container,
    address,
    port,
    ready: condition === 'ready' || (!hasReady && condition === 'running'),
    draining: condition === 'draining',
  }));
}

/** Of this host alone, for nodes that are in no overlay. */
export class LocalAnswering implements Answering {
  readonly #publications = new Map<string, Publication>();
  readonly #listeners = new Set<() => void>();
  #isKnown = false;

  /** Everything that runs was published once. */
  begin(): void {
    this.#isKnown = true;
    this.#tell();
  }

  publish(path: string, publication: Publication): void {
    this.#publications.set(path, publication);
    if (publication.containers.length === 0) this.#publications.delete(path);
    this.#tell();
  }

  of({ stack, service }: Parameters<Answering['of']>[0]): readonly Upstream[] | null {
    if (!this.#isKnown) return null;
    const all = [...this.#publications.values()].flatMap(({ containers }) => containers);
    const own = all.filter((one) => one.stack === stack && one.service === service);
    const instances = own.map((one) => ({
      ...one,
      node: 0,
      stale: false,
      condition: conditionOf(one),
    }));
    return upstreamsOf({ stack, service, instances });
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
