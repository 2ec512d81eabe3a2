import type { Service } from '../model/grid.ts';
import { unlinked } from './load-balancing.ts';
import { quote } from './quote.ts';
import type { Fault, Report } from './report.ts';
import type { ServiceDraft } from './service.ts';
import type { Dependency } from './service-links.ts';

/** Which services are load balancers, as far as that is known. */
export interface Balancers {
  /** `null`: nobody can tell at the moment. */
  is(path: string): boolean | null;
}

/** The load balancer that a service is behind: the first that it links to. `null`: none, or nobody can tell. */
export function balancerOf({ balanced }: Service, balancers: Balancers): string | null {
  for (const path of balanced?.by ?? []) {
    const is = balancers.is(path);
    if (is !== false) return is === true ? path : null;
  }
  return null;
}

/**
 * A load balancer and what is behind it do without each other: neither waits, and no circle arises. `isWhole` says whether all
 * that the service links to is known now, or more of it comes later.
 */
export function settleBalanced(
  draft: ServiceDraft,
  balancers: Balancers,
  { report, isWhole }: { readonly report: Report; readonly isWhole: boolean },
): ServiceDraft {
  const { service, dependencies } = draft;
  const by = service.balanced?.by ?? [];
  const known = by.filter((path) => balancers.is(path) === true);
  if (isWhole) {
    warnOfOthers(known, dependencies, report);
    // Without a link that might lead to one, its own file has said so; and a load balancer itself is behind none.
    const isNone = by.length > 0 && by.every((path) => balancers.is(path) === false);
    if (draft.balancedAt !== null && isNone) report.warn(draft.balancedAt, unlinked);
  }
  if (known.length === 0) return draft;
  const dependsOn = service.dependsOn.filter((path) => !known.includes(path));
  return { ...draft, service: { ...service, dependsOn } };
}

function warnOfOthers(
  [first, ...others]: readonly string[],
  dependencies: readonly Dependency[],
  report: Report,
): void {
  for (const path of others) {
    const at = dependencies.find((one) => one.path === path)?.at;
    if (at !== undefined && first !== undefined) report.warn(at, second(first, path));
  }
}

function second(first: string, path: string): Fault {
  return {
    code: 'no-effect',
    message: `a service is behind one load balancer: ${quote(first)} is linked first, and ${quote(path)} passes nothing on to this one`,
    hint: 'For another load balancer make another service that extends this one.',
  };
}
