import type { Position } from '../model/problem.ts';

/**
 * A YAML value with the place where every part of it is written. Immutable. An alias is the same node as its anchor, and
 * merged services take nodes of several files: so a tree is a graph without cycles, and positions stay those of the
 * files as written.
 */
export type TreeNode = ScalarNode | ListNode | MapNode;

interface Written extends Position {
  /** What a walk from here costs: nodes, and text by the piece of 64 characters; aliases count as often as they are used. */
  readonly size: number;
  /** How many levels lie below, this one included: chains of aliases nest deeper than the text does. */
  readonly depth: number;
}

/** Scalars keep their text: what it means (`yes`, `1.10`, `0x1f`) is for the key to say that wants it. */
export interface ScalarNode extends Written {
  readonly kind: 'scalar';
  readonly text: string;
  /** Written without quotes and without variables: only then nothing, `~` and `null` mean null. */
  readonly plain: boolean;
}

export interface ListNode extends Written {
  readonly kind: 'list';
  readonly items: readonly TreeNode[];
}

export interface MapNode extends Written {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  readonly key: ScalarNode;
  readonly value: TreeNode;
}

export type TreePath = readonly (string | number)[];

export function scalarNode(at: Position, text: string, plain = false): ScalarNode {
  const { file, line, column } = at;
  return {
    kind: 'scalar',
    file,
    line,
    column,
    size: 1 + (text.length >>> 6),
    depth: 1,
    text,
    plain,
  };
}

export function listNode(at: Position, items: readonly TreeNode[]): ListNode {
  return { kind: 'list', ...written(at, items), items };
}

export function mapNode(at: Position, entries: ReadonlyMap<string, Entry>): MapNode {
  return {
    kind: 'map',
    ...written(at, nodesOf(entries)),
    entries,
  };
}

function nodesOf(entries: ReadonlyMap<string, Entry>): readonly TreeNode[] {
  return Array.from(entries.values(), ({ key, value }) => [key, value]).flat();
}

function written(at: Position, children: readonly TreeNode[]): Written {
  let size = 1;
  let depth = 0;
  for (const node of children) {
    size += node.size;
    depth = Math.max(depth, node.depth);
  }
  return { file: at.file, line: at.line, column: at.column, size, depth: depth + 1 };
}

/** Nothing written at all, `~` or `null`. */
export function isNull(node: TreeNode): boolean {
  return node.kind === 'scalar' && node.plain && /^(?:~|null|Null|NULL)?$/.test(node.text);
}

/** A map without some of its keys. */
export function withoutKeys(node: MapNode, keys: readonly string[]): MapNode {
  if (!keys.some((key) => node.entries.has(key))) return node;
  const entries = new Map(node.entries);
  for (const key of keys) entries.delete(key);
  return mapNode(node, entries);
}

/** The value of a key, when it is there and not null. */
export function valueAt(node: TreeNode, key: string): TreeNode | null {
  const value = node.kind === 'map' ? node.entries.get(key)?.value : undefined;
  return value === undefined || isNull(value) ? null : value;
}

/** Where the value at the path is written, or the innermost part of the path that exists. */
export function locate(root: TreeNode, path: TreePath): TreeNode {
  let node = root;
  for (const step of path) {
    const next = child(node, step);
    if (next === null) break;
    node = next;
  }
  return node;
}

/** Where the key at the end of the path is written; of a list item, and of what has no key, the value. */
export function locateKey(root: TreeNode, path: TreePath): TreeNode {
  const owner = locate(root, path.slice(0, -1));
  const last = path.at(-1);
  const entry = owner.kind === 'map' ? owner.entries.get(String(last)) : undefined;
  return entry?.key ?? locate(root, path);
}

function child(node: TreeNode, step: string | number): TreeNode | null {
  if (node.kind === 'map') return node.entries.get(String(step))?.value ?? null;
  if (node.kind === 'list') return node.items[Number(step)] ?? null;
  return null;
}
