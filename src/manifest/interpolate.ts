import { quote } from './quote.ts';
import type { Report } from './report.ts';
import { expand, type Scope } from './template.ts';
import {
  type Entry,
  type ListNode,
  listNode,
  type MapNode,
  mapNode,
  type ScalarNode,
  scalarNode,
  type TreeNode,
} from './tree.ts';

/** Turns templates in keys and scalars into their text; the tree keeps its shape and its positions. */
export type Interpolation = (node: TreeNode) => TreeNode;

/** What all texts of one stack may become together: a long value that is used often multiplies. */
const maxExpanded = 4 * 1024 * 1024;

/** Nodes that aliases share are interpolated once, and their problems reported once. What `untouched` keys hold stays as it is. */
export function createInterpolation(
  scope: Scope,
  report: Report,
  untouched: readonly string[] = [],
): Interpolation {
  const done = new Map<TreeNode, TreeNode>();
  let left = maxExpanded;

  function apply(node: TreeNode): TreeNode {
    const known = done.get(node);
    if (known !== undefined) return known;
    const result = applyTo(node);
    done.set(node, result);
    return result;
  }

  function applyTo(node: TreeNode): TreeNode {
    switch (node.kind) {
      case 'scalar':
        return scalar(node);
      case 'list':
        return list(node);
      case 'map':
        return map(node);
    }
  }

  function list(node: ListNode): ListNode {
    const items = node.items.map(apply);
    return items.every((item, i) => item === node.items[i]) ? node : listNode(node, items);
  }

  function scalar(node: ScalarNode): ScalarNode {
    if (!node.text.includes('$') || report.isFull()) return node;
    const { text, faults, warnings, isSpoiled } = expand(node.text, scope, left);
    left -= text.length;
    for (const warning of warnings) report.warn(node, warning);
    for (const fault of faults) report.error(node, fault);
    if (faults.length > 0 || isSpoiled) report.spoil(node);
    return scalarNode(node, text);
  }

  function map(node: MapNode): MapNode {
    const entries = new Map<string, Entry>();
    let changed = false;
    for (const { key: written, value } of node.entries.values()) {
      const key = scalar(written);
      if (entries.has(key.text) || key.text === '__proto__') {
        const message = `with its variables this key is ${quote(key.text)}, which is already there`;
        report.error(key, { code: 'duplicate-key', message });
      }
      const entry: Entry = { key, value: untouched.includes(key.text) ? value : apply(value) };
      changed ||= key !== written || entry.value !== value;
      entries.set(key.text, entry);
    }
    return changed ? mapNode(node, entries) : node;
  }

  return apply;
}
