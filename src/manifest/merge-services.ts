import type { Dialect } from './dialect.ts';
import {
  type Entry,
  type ListNode,
  listNode,
  type MapNode,
  mapNode,
  type TreeNode,
} from './tree.ts';

/** A service and the one that it extends, by the rules of the extending file's dialect; the environment is a map by now. */
export function mergeServices(base: MapNode | null, own: MapNode, dialect: Dialect): MapNode {
  if (base === null) return own;
  return dialect === 'compose'
    ? mergeMaps(base, own, composeRule)
    : mergeMaps(base, own, kontenaRule);
}

/** How two values of a key become one. `null`: what the extending service says stands alone. */
type Rule = (key: string, base: TreeNode, own: TreeNode) => TreeNode | null;

function mergeMaps(base: MapNode, own: MapNode, rule: Rule): MapNode {
  const merged = new Map<string, Entry>([...base.entries, ...own.entries]);
  for (const [key, { key: written, value }] of own.entries) {
    const below = base.entries.get(key)?.value;
    const both = below === undefined ? null : rule(key, below, value);
    if (both !== null) merged.set(key, { key: written, value: both });
  }
  return mapNode(own, merged);
}

const alone: Rule = () => null;

/** kontena.md 1.4: environment by name, secrets by secret, build arguments by name; everything else stands alone. */
function kontenaRule(key: string, base: TreeNode, own: TreeNode): TreeNode | null {
  if (key === 'environment' || key === 'args') return joinMaps(base, own, alone);
  if (key === 'secrets') return joinLists(base, own, (item) => textOf(item, 'secret'));
  return key === 'build' ? joinMaps(base, own, kontenaRule) : null;
}

/** These Compose replaces: a list there is one thing, not many. */
const single = ['command', 'entrypoint', 'test', 'cap_add', 'cap_drop'];

/** Compose's rule: maps are merged at every depth, lists are put together; what goes to one place in the container replaces. */
function composeRule(key: string, base: TreeNode, own: TreeNode): TreeNode | null {
  if (base.kind === 'map') return joinMaps(base, own, composeRule);
  if (single.includes(key)) return null;
  return joinLists(base, own, key === 'volumes' || key === 'devices' ? placeOf : identityOf);
}

function joinMaps(base: TreeNode, own: TreeNode, rule: Rule): MapNode | null {
  return base.kind === 'map' && own.kind === 'map' ? mergeMaps(base, own, rule) : null;
}

function joinLists(
  base: TreeNode,
  own: TreeNode,
  identify: (item: TreeNode) => string | null,
): ListNode | null {
  if (base.kind !== 'list' || own.kind !== 'list') return null;
  const replaced = new Set(own.items.map(identify));
  const kept = base.items.filter((item) => {
    const identity = identify(item);
    return identity === null || !replaced.has(identity);
  });
  return listNode(own, [...kept, ...own.items]);
}

function identityOf(item: TreeNode): string | null {
  return item.kind === 'scalar' ? item.text : null;
}

/** Where in the container it is: behind the first colon of the short form, `target` in the long one. */
function placeOf(item: TreeNode): string | null {
  if (item.kind !== 'scalar') return textOf(item, 'target');
  const [first = '', second] = item.text.split(':');
  return second ?? first;
}

function textOf(node: TreeNode, key: string): string | null {
  const value = node.kind === 'map' ? node.entries.get(key)?.value : undefined;
  return value?.kind === 'scalar' ? value.text : null;
}
