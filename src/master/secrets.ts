import type { AssignedInstance } from '../model/assignment.ts';
import type { Service } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import { marksWithin, type SecretSources } from '../model/secret.ts';
import type { PreparedBalancing } from './balancing.ts';

/** What the marks in all these specs, and in what load balancers are told, stand for. `null`: there are none. */
export function secretsOf(
  instances: readonly AssignedInstance[],
  {
    services,
    balancing,
    before,
  }: {
    /** The desired state's services by path. */
    readonly services: ReadonlyMap<string, Service>;
    readonly balancing: ReadonlyMap<string, PreparedBalancing>;
    /** What the node's last assignment had: instances that are not replaced yet still need it. */
    readonly before: SecretSources | undefined;
  },
): SecretSources | null {
  const all: Record<string, string | null> = {};
  for (const instance of instances) {
    const service = services.get(servicePath(instance));
    if (service?.specHash === instance.specHash) Object.assign(all, service.secrets);
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
