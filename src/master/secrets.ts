import type { AssignedInstance } from '../model/assignment.ts';
import type { Service } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import { marksWithin, type SecretSources } from '../model/secret.ts';
import type { PreparedBalancing } from './balancing.ts';

/** What the marks in all these specs, in what load balancers are told, and `more` stand for. `null`: there are none. */
export function secretsOf(
  instances: readonly AssignedInstance[],
  {
    services,
    past,
    balancing,
    before,
    more = {},
  }: {
    /** The desired state's services by path. */
    readonly services: ReadonlyMap<string, Service>;
    /** What they last served with. */
    readonly past?: ReadonlyMap<string, { readonly definition: Service }> | undefined;
    readonly balancing: ReadonlyMap<string, PreparedBalancing>;
    /** What the node's last assignment had: instances that are not replaced yet still need it. */
    readonly before: SecretSources | undefined;
    readonly more?: SecretSources;
  },
): SecretSources | null {
  const all: Record<string, string | null> = { ...more };
  for (const instance of instances) {
    const path = servicePath(instance);
    const definitions = [services.get(path), past?.get(path)?.definition];
    const service = definitions.find((one) => one?.specHash === instance.specHash);
    if (service !== undefined) Object.assign(all, service.secrets);
    else if (before !== undefined) Object.assign(all, pick(before, marksWithin(instance.spec)));
    if (instance.balancing === undefined) continue;
    const marks = marksWithin(instance.balancing);
    const { secrets = {} } = balancing.get(servicePath(instance)) ?? {};
    Object.assign(all, pick({ ...before, ...secrets }, marks));
  }
  const marks = Object.keys(all).toSorted();
  return marks.length === 0 ? null : pick(all, marks);
}

function pick(sources: SecretSources, marks: readonly string[]): SecretSources {
  const known = marks.filter((mark) => Object.hasOwn(sources, mark));
  return Object.fromEntries(known.map((mark) => [mark, sources[mark] ?? null]));
}
