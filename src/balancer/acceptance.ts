import type { Backend, Balancing } from '../model/balancing.ts';
import { servicePath } from '../model/identity.ts';
import type { Objection } from './objections.ts';

/** What HAProxy has taken. */
export interface Accepted {
  /** The hash of what was wanted when this was taken. */
  readonly wanted: string;
  readonly balancing: Balancing;
  /** Services that HAProxy never took: nobody is passed on to them. */
  readonly closed: readonly string[];
}

/**
 * A fault of one service is no reason to keep everyone else from what they want: it stays as it was taken last, or is closed
 * where it never was; the load balancer's own settings stay as they were taken last. `null`: nothing is left to go back to.
 */
export function concede(
  candidate: Accepted,
  objections: readonly Objection[],
  last: Accepted | null,
): Accepted | null {
  const owners = new Set(objections.map(({ owner }) => owner));
  const settings = owners.has(null) ? last?.balancing.settings : candidate.balancing.settings;
  if (settings === undefined) return null;
  const before = new Map(last?.balancing.backends.map((one) => [servicePath(one), one]));
  const closed = new Set(candidate.closed);
  let isOther = settings !== candidate.balancing.settings;
  const backends = candidate.balancing.backends.map((backend): Backend => {
    const path = servicePath(backend);
    if (!owners.has(path) || closed.has(path)) return backend;
    isOther = true;
    const earlier = last?.closed.includes(path) === true ? undefined : before.get(path);
    if (earlier !== undefined && earlier !== backend) return earlier;
    closed.add(path);
    return backend;
  });
  if (!isOther) return null;
  return {
    wanted: candidate.wanted,
    balancing: { ...candidate.balancing, settings, backends },
    closed: [...closed],
  };
}
