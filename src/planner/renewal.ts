import { generationOf, withGeneration, withoutGeneration } from '../model/generation.ts';
import type { Service } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import type { ObservedState } from '../model/observed.ts';

export type PeriodicService = Service & { readonly interval: number };

export interface RenewalInput {
  readonly services: readonly PeriodicService[];
  readonly observed: ObservedState;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Nothing new begins while the grid may not be deployed to. */
  readonly mayBegin: boolean;
}

/**
 * The hash that each service with an interval is to have, by path. What was deployed last, and when, is read from what runs
 * and what is assigned: a generation says when it began, and the first one of a spec is as old as its oldest container.
 */
export function renewedHashes(input: RenewalInput): ReadonlyMap<string, string> {
  const { services, observed, now, mayBegin } = input;
  const lasts = lastDeploys(services, observed);
  return new Map(
    services.map((service) => {
      const path = servicePath({ stack: service.stack, service: service.name });
      const hash = withoutGeneration(service.specHash);
      const { generation = null, since = null } = lasts.get(path) ?? {};
      const began = generation === null ? since : generation * 1_000;
      const isDue = mayBegin && began !== null && now >= began + service.interval * 1_000;
      if (isDue) return [path, withGeneration(hash, Math.floor(now / 1_000))];
      return [path, generation === null ? hash : withGeneration(hash, generation)];
    }),
  );
}

/** What is known of a service's last deploy with its present spec. */
interface Last {
  /** The newest that anything has. */
  generation: number | null;
  /** When its oldest container was started. */
  since: number | null;
}

function lastDeploys(
  services: RenewalInput['services'],
  { nodes }: ObservedState,
): ReadonlyMap<string, Last> {
  const hashes = new Map<string, string>();
  for (const { stack, name, specHash } of services)
    hashes.set(servicePath({ stack, service: name }), withoutGeneration(specHash));
  const lasts = new Map<string, Last>();
  const note = (path: string, specHash: string, startedAt: number | null): void => {
    if (hashes.get(path) !== withoutGeneration(specHash)) return;
    const last = lasts.get(path) ?? { generation: null, since: null };
    lasts.set(path, {
      generation: most(last.generation, generationOf(specHash)),
      since: least(last.since, startedAt),
    });
  };
  for (const node of nodes) {
    for (const instance of node.instances)
      if (instance.current !== null)
        note(servicePath(instance), instance.current.specHash, instance.current.startedAt);
    for (const assigned of node.assigned) note(servicePath(assigned), assigned.specHash, null);
  }
  return lasts;
}

function most(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

function least(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other);
}
