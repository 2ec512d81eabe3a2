import type { Backend } from '../model/balancing.ts';
import { compareText, servicePath } from '../model/identity.ts';

/** One reason to pass a request on to a backend. */
export interface Route {
  readonly backend: Backend;
  /** `null`: every host. With `*.` in front every name below it. */
  readonly host: string | null;
  readonly path: string;
}

/**
 * In the order in which they are tried: a host by its whole name, by what it ends with (longest first), any host; of one host
 * the longest path first. Of two that are the same only that of the first service by name is left.
 */
export function routesOf(backends: readonly Backend[]): readonly Route[] {
  const routes = backends.flatMap((backend) =>
    (backend.virtualHosts.length === 0 ? [null] : backend.virtualHosts).flatMap((host) =>
      backend.virtualPaths.map((path): Route => ({ backend, host, path })),
    ),
  );
  const seen = new Set<string>();
  return routes.toSorted(compareRoutes).filter(({ host, path }) => {
    const key = `${host ?? ''}${path}`;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

function compareRoutes(a: Route, b: Route): number {
  return (
    rank(a) - rank(b) ||
    (b.host ?? '').length - (a.host ?? '').length ||
    compareText(a.host ?? '', b.host ?? '') ||
    b.path.length - a.path.length ||
    compareText(a.path, b.path) ||
    compareText(servicePath(a.backend), servicePath(b.backend))
  );
}

function rank({ host }: Route): number {
  if (host === null) return 2;
  return host.startsWith('*.') ? 1 : 0;
}
