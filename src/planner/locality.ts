import type { Grid, Service } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import type { Step } from '../model/plan.ts';
import type { Catalogue } from './catalogue.ts';
import type { ObservedIndex } from './index-observed.ts';
import type { Due } from './ledger.ts';
import type { NetworkOutlook } from './network-map.ts';
import { networkWarnings } from './network-warnings.ts';
import type { PlaceContext } from './place.ts';
import { sharesVolumes, volumeWarnings } from './volume-warnings.ts';

interface Circumstances {
  readonly grid: Grid;
  readonly catalogue: Catalogue;
  readonly index: ObservedIndex;
  readonly context: PlaceContext;
  /** Of the whole plan. */
  readonly steps: readonly Step[];
  /** `null`: nothing is known of it. */
  readonly network: NetworkOutlook | null;
}

/**
 * What is on one node only, although the repository looks as if it were everywhere in the grid. Volumes of services that have
 * nothing to do are told of in their entries.
 */
export function localityWarnings(due: readonly Due[], of: Circumstances): readonly string[] {
  const nodes = of.index.hosts.size;
  return [...(of.network === null ? [] : ofNetwork(of, of.network, nodes)), ...ofVolumes(due, of)];
}

function ofNetwork(
  { grid, catalogue, index, steps }: Circumstances,
  network: NetworkOutlook,
  nodes: number,
): readonly string[] {
  const isBridged = ({ stack, service }: Pick<Step, 'stack' | 'service'>): boolean =>
    catalogue.service(stack, service)?.spec.networkMode === 'bridge';
  const coming = steps.filter((step) => step.kind !== 'remove' && isBridged(step));
  const awaited = new Set(coming.map(({ node }) => node));
  const needsNetwork = (node: string): boolean =>
    awaited.has(node) || index.onNode(node).some(({ id }) => isBridged(id));
  return networkWarnings({ grid, network, nodes, needsNetwork });
}

function ofVolumes(due: readonly Due[], { context, steps: all }: Circumstances): readonly string[] {
  const sharing = due.filter(({ service }) => sharesVolumes(service));
  const steps = new Map(sharing.map(({ service }) => [servicePath(idOf(service)), [] as Step[]]));
  if (sharing.length > 0) for (const step of all) steps.get(servicePath(step))?.push(step);
  return sharing.flatMap(({ service, sightings }) => {
    const own = steps.get(servicePath(idOf(service))) ?? [];
    return volumeWarnings(service, { sightings, steps: own, context });
  });
}

function idOf({ stack, name: service }: Service) {
  return { stack, service };
}
