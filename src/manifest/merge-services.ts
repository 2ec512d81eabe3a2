import type { Dialect } from './dialect.ts';
import {
  type Entry,
  type ListNode,
  listNode,
  type MapNode,
  mapNode,
  scalarNode,
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
  if (key === 'environment') return joinMaps(base, own, alone);
  if (key === 'args') return joinMaps(asMap(base), asMap(own), alone);
  if (key === 'secrets') return joinLists(base, own, (item) => textOf(item, 'secret'));
  return key === 'build' ? joinMaps(base, own, kontenaRule) : null;
}

/** These Compose replaces: a list there is one thing, not many. */
const single = ['command', 'entrypoint', 'test'];

/** Maps that may be written as lists of `name=value`. */
const byName = ['labels', 'annotations', 'sysctls', 'args'];

/** Compose's rule: maps are merged at every depth, lists are put together; what goes to one place in the container replaces. */
function composeRule(key: string, base: TreeNode, own: TreeNode): TreeNode | null {
  if (single.includes(key)) return null;
  // Options belong to their driver.
  if (key === 'logging' && isOtherDriver(base, own)) return null;
  if (byName.includes(key)) return joinMaps(asMap(base), asMap(own), alone);
  if (key === 'build') return joinMaps(asBuild(base), asBuild(own), composeRule);
  if (base.kind === 'map' && own.kind === 'map') return mergeMaps(base, own, composeRule);
  const identify = key === 'volumes' || key === 'devices' ? placeOf : identityOf;
  return joinLists(asList(key, base), asList(key, own), identify);
}

function isOtherDriver(base: TreeNode, own: TreeNode): boolean {
  const [below, driver] = [textOf(base, 'driver'), textOf(own, 'driver')];
  return below !== null && driver !== null && below !== driver;
}

/** A text there is the context. */
function asBuild(node: TreeNode): TreeNode {
  if (node.kind !== 'scalar') return node;
  return mapNode(node, new Map([['context', { key: scalarNode(node, 'context'), value: node }]]));
}

/** As it is where it is neither: for validation to refuse. */
function asMap(node: TreeNode): TreeNode {
  if (node.kind !== 'list') return node;
  const entries = node.items.flatMap((item): readonly [string, Entry][] => {
    if (item.kind !== 'scalar') return [];
    const [name = '', ...rest] = item.text.split('=');
    // Without a value is not the empty value: a build argument is taken from the environment then.
    const value = scalarNode(item, rest.join('='), rest.length === 0);
    const entry = { key: scalarNode(item, name), value };
    return [[name, entry]];
  });
  return entries.length === node.items.length ? mapNode(node, new Map(entries)) : node;
}

/** Keys whose lists may be written as one text. */
const oneOrList = ['dns', 'dns_search', 'tmpfs'];

function asList(key: string, node: TreeNode): TreeNode {
  if (node.kind === 'scalar' && oneOrList.includes(key)) return listNode(node, [node]);
  if (node.kind !== 'map' || key !== 'extra_hosts') return node;
  const items = [...node.entries.values()].flatMap(({ key: host, value }) => {
    const addresses = value.kind === 'list' ? value.items : [value];
    return addresses.map((address) =>
      address.kind === 'scalar' ? scalarNode(address, `${host.text}=${address.text}`) : address,
    );
  });
  return listNode(node, items);
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
