import type { AssignedInstance } from '../model/assignment.ts';
import type { Backend, Balancing } from '../model/balancing.ts';
import { type DesiredState, mayBelongTo } from '../model/desired.ts';
import { shortDigest } from '../model/digest.ts';
import type { Service } from '../model/grid.ts';
import { compareText, servicePath } from '../model/identity.ts';
import type { SecretSources } from '../model/secret.ts';

/** What a load balancer has to serve, and what the marks in it stand for. */
export interface PreparedBalancing {
  readonly balancing: Balancing;
  readonly secrets: SecretSources;
}

/** For each load balancer of the grid, by path: the services behind it. */
export function prepareBalancing(
  services: ReadonlyMap<string, Service>,
): ReadonlyMap<string, PreparedBalancing> {
  const balancers = new Map<string, { service: Service; behind: Service[] }>();
  for (const [path, service] of services)
    if (service.balancer !== undefined) balancers.set(path, { service, behind: [] });
  if (balancers.size === 0) return new Map();
  for (const service of services.values()) {
    const path = service.balanced?.by.find((by) => balancers.has(by));
    if (path !== undefined) balancers.get(path)?.behind.push(service);
  }
  return new Map(Array.from(balancers, ([path, found]) => [path, prepareOne(found)]));
}

/**
 * An instance with what its load balancer serves now. Of stacks whose definitions nobody knows (they are held), what was
 * served before still is: "cannot read" is never "nothing wanted".
 */
export function withBalancing(
  instance: AssignedInstance,
  prepared: PreparedBalancing | undefined,
  { held }: Pick<DesiredState, 'held'>,
): AssignedInstance {
  // Its own stack is held: it goes on as it is.
  if (prepared === undefined) return instance;
  const balancing = keepHeld(prepared.balancing, instance.balancing, held);
  return balancing.hash === instance.balancing?.hash ? instance : { ...instance, balancing };
}

function prepareOne({
  service,
  behind,
}: {
  readonly service: Service;
  readonly behind: readonly Service[];
}): PreparedBalancing {
  const settings = service.balancer;
  if (settings === undefined) throw new Error('not a load balancer');
  const backends = behind.flatMap(({ stack, name, balanced }): readonly Backend[] =>
    balanced === undefined ? [] : [{ stack, service: name, ...balanced.settings }],
  );
  const secrets = Object.assign({}, ...[service, ...behind].map((one) => one.secrets));
  return { balancing: balancingOf(settings, backends), secrets: secrets as SecretSources };
}

function balancingOf(settings: Balancing['settings'], unordered: readonly Backend[]): Balancing {
  const backends = unordered.toSorted((a, b) => compareText(servicePath(a), servicePath(b)));
  return { hash: shortDigest([settings, backends]), settings, backends };
}

function keepHeld(
  next: Balancing,
  before: Balancing | undefined,
  held: readonly string[],
): Balancing {
  if (held.length === 0 || before === undefined) return next;
  const known = new Set(next.backends.map(servicePath));
  const kept = before.backends.filter(
    (one) => !known.has(servicePath(one)) && mayBelongTo(held, one.stack),
  );
  return kept.length === 0 ? next : balancingOf(next.settings, [...next.backends, ...kept]);
}
