import { quote } from './quote.ts';
import type { Report } from './report.ts';
import { type MapNode, type TreeNode, valueAt } from './tree.ts';

/**
 * Compose's networks keep services apart; here all are in one. Said once of a file: where something is wanted of networks at
 * its top, else at the first service that names one.
 */
export function warnOfNetworks(
  root: MapNode,
  services: readonly { readonly node: MapNode }[],
  report: Report,
): void {
  const networks = valueAt(root, 'networks');
  const key = root.entries.get('networks')?.key;
  if (key !== undefined && networks?.kind === 'map' && hasWishes(networks)) {
    const message =
      'all containers of a grid are in one network; what is written of other ones has no effect';
    const hint = 'The grid\'s addresses are "subnet" in grid.yml.';
    return report.warn(key, { code: 'no-effect', message, hint });
  }
  for (const { node } of services) {
    const written = node.entries.get('networks');
    const other = written === undefined ? undefined : otherIn(written.value);
    if (written === undefined || other === undefined) continue;
    const message = `all containers of a grid are in one network: ${quote(other)} keeps nobody out`;
    return report.warn(written.key, { code: 'no-effect', message });
  }
}

function hasWishes(networks: MapNode): boolean {
  return [...networks.entries.values()].some(
    ({ value }) => value.kind === 'map' && value.entries.size > 0,
  );
}

function otherIn(networks: TreeNode): string | undefined {
  return namesIn(networks).find((name) => name !== 'default');
}

function namesIn(networks: TreeNode): readonly string[] {
  if (networks.kind === 'map') return [...networks.entries.keys()];
  if (networks.kind === 'scalar') return [];
  return networks.items.flatMap((item) => (item.kind === 'scalar' ? [item.text] : []));
}
