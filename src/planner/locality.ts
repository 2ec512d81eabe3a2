import type { Grid } from '../model/grid.ts';
import type { Step } from '../model/plan.ts';
import type { Catalogue } from './catalogue.ts';
import type { ObservedIndex } from './index-observed.ts';
import type { NetworkOutlook } from './network-map.ts';
import { networkWarnings } from './network-warnings.ts';
import type { PlaceContext } from './place.ts';
import { volumeWarnings } from './volume-warnings.ts';

interface Circumstances {
  readonly grid: Grid;
  readonly catalogue: Catalogue;
  readonly index: ObservedIndex;
  readonly context: PlaceContext;
  readonly steps: readonly Step[];
  /** `null`: nothing is known of it. */
  readonly network: NetworkOutlook | null;
}

/** What is on one node only, although the repository looks as if it were everywhere in the grid. */
export function localityWarnings(of: Circumstances): readonly string[] {
  const nodes = of.index.hosts.size;
  return [
    ...(of.network === null ? [] : ofNetwork(of, of.network, nodes)),
    ...(nodes < 2 ? [] : ofVolumes(of)),
  ];
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

function ofVolumes({ catalogue, index, context, steps }: Circumstances): readonly string[] {
  const warnings: string[] = [];
  for (const { stack, services } of catalogue.shelves()) {
    const seen = index.ofStack(stack);
    for (const service of services) {
      const sightings = seen.get(service.name) ?? [];
      for (const warning of volumeWarnings(service, { sightings, steps, context }))
        warnings.push(warning);
    }
  }
  return warnings;
}
