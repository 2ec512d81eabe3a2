import { quote } from './quote.ts';
import type { Report } from './report.ts';
import { isNull, type MapNode, mapNode, scalarNode, type TreeNode, type TreePath } from './tree.ts';

interface Move {
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** Where Kontena's former formats and Compose write what has another place here. */
const moves: readonly Move[] = [
  move('net', 'network_mode'),
  move('log_driver', 'logging.driver'),
  move('log_opt', 'logging.options'),
  move('log_opts', 'logging.options'),
  move('mem_swaplimit', 'memswap_limit'),
  move('scale', 'instances'),
  move('deploy.replicas', 'instances'),
  move('deploy.resources.limits.cpus', 'cpus'),
  move('deploy.resources.limits.memory', 'mem_limit'),
  move('deploy.resources.limits.pids', 'pids_limit'),
  move('deploy.resources.reservations.memory', 'mem_reservation'),
  move('deploy.resources.reservations.devices', 'gpus'),
];

function move(from: string, to: string): Move {
  return { from: from.split('.'), to: to.split('.') };
}

/**
 * A service with each thing in one place only; nodes keep the positions at which they are written. Two spellings that say
 * different things are a problem. Done before `extends` merges, so that what extends wins in either spelling.
 */
export function settleSpellings(service: MapNode, report: Report): MapNode {
  let settled = service;
  for (const { from, to } of moves) {
    const old = find(settled, from);
    if (old === null) continue;
    const present = find(settled, to);
    if (present !== null && !isSame(old, present))
      report.error(old, {
        code: 'conflicting-keys',
        message: `${quote(from.join('.'))} and ${quote(to.join('.'))} are the same and say different things`,
        hint: `Keep ${quote(to.join('.'))} only.`,
      });
    settled = without(settled, from);
    if (present === null) settled = withNode(settled, to, old);
  }
  return settled;
}

function isSame(a: TreeNode, b: TreeNode): boolean {
  return a.kind === 'scalar' && b.kind === 'scalar' && a.text === b.text;
}

function find(root: TreeNode, path: TreePath): TreeNode | null {
  let node: TreeNode | undefined = root;
  for (const key of path)
    node = node?.kind === 'map' ? node.entries.get(String(key))?.value : undefined;
  return node === undefined || isNull(node) ? null : node;
}

function without(map: MapNode, [key = '', ...rest]: readonly string[]): MapNode {
  const entries = new Map(map.entries);
  const entry = entries.get(key);
  if (rest.length === 0) entries.delete(key);
  else if (entry?.value.kind === 'map')
    entries.set(key, { key: entry.key, value: without(entry.value, rest) });
  return mapNode(map, entries);
}

/** Whatever stands in the way on the path is left as it is, for validation to refuse. */
function withNode(map: MapNode, [key = '', ...rest]: readonly string[], node: TreeNode): MapNode {
  const entries = new Map(map.entries);
  const entry = entries.get(key);
  const name = entry?.key ?? scalarNode(node, key);
  if (rest.length === 0) entries.set(key, { key: name, value: node });
  else if (entry === undefined || isNull(entry.value))
    entries.set(key, { key: name, value: withNode(mapNode(node, new Map()), rest, node) });
  else if (entry.value.kind === 'map')
    entries.set(key, { key: name, value: withNode(entry.value, rest, node) });
  return mapNode(map, entries);
}
