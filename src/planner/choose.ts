import { isBoundToNode, type Service } from '../model/grid.ts';
import { drivesAway, type Rule } from './affinity.ts';
import type { HostNode } from './host-nodes.ts';
import type { Sighting } from './index-observed.ts';
import type { Request } from './request.ts';

/** Why a node is no longer a place for an instance that is, or was, on it. */
export type Departure =
  | { readonly cause: 'draining' | 'lost' | 'outdated' }
  | { readonly cause: 'affinity'; readonly rule: Rule }
  /** The instance's spec changed, and the new one does not fit. */
  | { readonly cause: 'unfit'; readonly reason: string }
  /** It is for a pull request, and the grid's own stacks want its room. */
  | { readonly cause: 'crowded'; readonly reason: string };

/**
 * Where an instance is at home: the best of the nodes that it is on and may stay on; `null` when there is none. Several are
 * left over from a move, or from a node that came back after its instances were placed elsewhere. With its data it is at home
 * on a node that is being drained as well, where it has no other.
 */
export function chooseHome(sightings: readonly Sighting[], request: Request): Sighting | null {
  const possible = sightings.filter((sighting) => {
    const why = departure(sighting.host, request);
    return why === null || (why.cause === 'draining' && isRunning(sighting));
  });
  if (possible.length > 0) return bestOf(possible, request.service);
  const bound = sightings.filter(({ host }) => staysWithData(host, request));
  return bestOf(bound, request.service);
}

/** Whether nothing but a person empties a node of this instance, and that is to be done. */
export function staysWithData(host: HostNode, request: Request): boolean {
  if (!host.draining || !isBoundToNode(request.service)) return false;
  return departure(host, request)?.cause === 'draining' && misplaced(host, request) === null;
}

/** A job's run is brought to its end where it is; the next one is on another node. */
function isRunning({ observed }: Sighting): boolean {
  return (observed?.job?.running ?? null) !== null;
}

/** The first of the best, `null` of none. */
export function bestOf(sightings: readonly Sighting[], service: Service): Sighting | null {
  let best: Sighting | null = null;
  for (const sighting of sightings)
    if (best === null || standing(sighting, service) > standing(best, service)) best = sighting;
  return best;
}

/** `null`: an instance that is on this node may stay there. */
export function departure(host: HostNode, request: Request): Departure | null {
  const presence = host.presence[request.service.strategy];
  if (presence === 'silent') return null;
  if (presence === 'lost') return { cause: 'lost' };
  if (host.draining) return { cause: 'draining' };
  return misplaced(host, request);
}

/** Why it is not a place for it, were it there for ever. */
function misplaced(host: HostNode, { id, service, rules }: Request): Departure | null {
  if (service.job !== undefined && !takesJobs(host)) return { cause: 'outdated' };
  for (const rule of rules) if (drivesAway(rule, id, host)) return { cause: 'affinity', rule };
  return null;
}

/** Of a node that has never reported nothing is known. */
export function takesJobs({ facts }: HostNode): boolean {
  return facts === null || facts.jobs === true;
}

/**
 * As its service wants it: the right spec, ready, and nothing else assigned in its stead. Without an assignment (the
 * master's memory was lost) what runs is what counts, unless its agent is about to stop it.
 */
export function isConverged(sighting: Sighting, service: Service): boolean {
  const { observed, assigned } = sighting;
  if (service.job !== undefined) return isJobConverged(sighting, service);
  if (isLeftDrifted(sighting, service)) return true;
  if (observed?.current?.ready !== true) return false;
  if (observed.current.specHash !== service.specHash) return false;
  return assigned === null
    ? observed.attempt?.phase !== 'stopping'
    : assigned.specHash === service.specHash;
}

/** What a person has made of it is left so, as its service says: there is nothing to do about it. */
function isLeftDrifted({ observed, assigned }: Sighting, { specHash }: Service): boolean {
  if (observed?.drift?.state !== 'reported' || observed.attempt !== null) return false;
  if (assigned?.specHash !== specHash) return false;
  return observed.current === null || observed.current.specHash === specHash;
}

/** A scheduled job is as it should be when its node knows it; one of a deploy when it has succeeded with this spec. */
function isJobConverged(
  { observed, assigned }: Pick<Sighting, 'observed' | 'assigned'>,
  { specHash, job }: Service,
): boolean {
  const shown = observed?.job;
  if (shown?.specHash !== specHash) return false;
  if (assigned !== null && assigned.specHash !== specHash) return false;
  return job?.kind === 'schedule' || shown.succeeded;
}

/** What the master decided counts most, then what serves; compared as numbers. */
function standing(sighting: Sighting, service: Service): number {
  const { host, observed, assigned } = sighting;
  return (
    (assigned === null ? 0 : 16) +
    (isConverged(sighting, service) ? 8 : 0) +
    (host.presence[service.strategy] === 'present' ? 4 : 0) +
    (observed?.current?.ready === true ? 2 : 0) +
    ((observed?.current ?? null) === null ? 0 : 1)
  );
}
