import type { Report } from './report.ts';
import { type MapNode, type TreeNode, valueAt } from './tree.ts';

/** Compose's networks at the top of a file: said to be one, where something was wanted of them. */
export function warnOfNetworks(root: MapNode, report: Report): void {
  const networks = valueAt(root, 'networks');
  const key = root.entries.get('networks')?.key;
  if (networks?.kind !== 'map' || key === undefined) return;
  if (![...networks.entries.values()].some(({ value }) => wants(value))) return;
  report.warn(key, {
    code: 'no-effect',
    message:
      'all containers of a grid are in one network; what is written of other ones has no effect',
    hint: 'The grid\'s addresses are "subnet" in grid.yml.',
  });
}

function wants(network: TreeNode): boolean {
  return network.kind === 'map' && network.entries.size > 0;
}
