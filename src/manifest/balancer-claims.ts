import { balancerPorts } from '../model/balancing.ts';
import type { Service } from '../model/grid.ts';
import { compareText, servicePath } from '../model/identity.ts';
import type { Position } from '../model/problem.ts';
import { type Balancers, balancerOf } from './balanced.ts';
import { quote } from './quote.ts';
import type { Fault, Report } from './report.ts';
import type { ServiceDraft } from './service.ts';

/** Services that may be behind the same load balancers. */
export interface Claiming {
  readonly drafts: readonly ServiceDraft[];
  /** Where their problems are told; `null`: only others are told of them. */
  readonly report: Report | null;
}

interface Claimant {
  readonly service: Service;
  readonly balancer: Service | undefined;
  readonly at: Position;
  readonly report: Report | null;
}

/** Looks for services that want the same of one load balancer. */
export function checkBalanced(all: readonly Claiming[], balancers: Balancers): void {
  const services = new Map(
    all.flatMap(({ drafts }) => drafts.map(({ service }) => [pathOf(service), service] as const)),
  );
  const groups = new Map<string, Claimant[]>();
  for (const { drafts, report } of all)
    for (const { service, balancedAt } of drafts) {
      const path = balancerOf(service, balancers);
      if (path === null) continue;
      const at = balancedAt ?? service.position;
      const group = groups.get(path) ?? [];
      group.push({ service, balancer: services.get(path), at, report });
      groups.set(path, group);
    }
  for (const group of groups.values()) checkClaims(group);
}

/**
 * Services behind one load balancer that want the same of it. Of two that want one path of one host, the first by name gets
 * it, as in Kontena; two cannot listen on one port.
 */
function checkClaims(claimants: readonly Claimant[]): void {
  const first = new Map<string, Claimant>();
  const ordered = claimants.toSorted((a, b) => compareText(pathOf(a.service), pathOf(b.service)));
  for (const claimant of ordered) {
    const taken = takenPort(claimant);
    if (taken !== null) claimant.report?.error(claimant.at, taken);
    for (const claim of claimsOf(claimant.service)) {
      const winner = first.get(claim);
      if (winner === undefined) first.set(claim, claimant);
      else tell(claim, winner, claimant);
    }
  }
}

/** Unknown services keep what they have: both of two that are new, or neither, get the port. */
function tell(claim: string, winner: Claimant, loser: Claimant): void {
  if (claim.startsWith(':')) {
    winner.report?.error(winner.at, samePort(claim.slice(1), loser));
    loser.report?.error(loser.at, samePort(claim.slice(1), winner));
    return;
  }
  const fault = sameRoute(claim, pathOf(winner.service), pathOf(loser.service));
  winner.report?.warn(winner.at, fault);
  loser.report?.warn(loser.at, fault);
}

/** `:port` or `host/path`. */
function* claimsOf({ balanced }: Service): Generator<string> {
  if (balanced === undefined) return;
  const { externalPort, virtualHosts, virtualPaths } = balanced.settings;
  if (externalPort !== null) yield `:${externalPort}`;
  for (const host of virtualHosts.length === 0 ? ['*'] : virtualHosts)
    for (const path of virtualPaths) yield `${host}${path}`;
}

function takenPort({ service, balancer }: Claimant): Fault | null {
  const port = service.balanced?.settings.externalPort ?? null;
  const { statistics, https } = balancerPorts;
  const hasTls = (balancer?.balancer?.certificates.length ?? 0) > 0;
  const use = port === statistics ? 'statistics' : port === https && hasTls ? 'HTTPS' : null;
  return use === null ? null : portFault(`port ${port} of the load balancer is for ${use}`);
}

function samePort(port: string, other: Claimant): Fault {
  return portFault(
    `the load balancer cannot listen on port ${port} for this service and for ${quote(pathOf(other.service))}`,
  );
}

function portFault(message: string): Fault {
  const hint = 'Set KONTENA_LB_EXTERNAL_PORT to a port of its own; it is 5000 unless it is set.';
  return { code: 'bad-load-balancing', message, hint };
}

function sameRoute(route: string, winner: string, loser: string): Fault {
  return {
    code: 'ambiguous-route',
    message: `both ${quote(winner)} and ${quote(loser)} are to answer for ${quote(route)}: ${quote(winner)} does`,
    hint: 'Give them different KONTENA_LB_VIRTUAL_HOSTS or KONTENA_LB_VIRTUAL_PATH.',
  };
}

function pathOf({ stack, name }: Service): string {
  return servicePath({ stack, service: name });
}
