import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, Scalar } from 'yaml';
import type { Position } from '../model/problem.ts';
import { printPosition } from '../model/problem.ts';
import { quote } from './quote.ts';
import type { Fault, Report } from './report.ts';
import {
  type Entry,
  isNull,
  listNode,
  type MapNode,
  mapNode,
  scalarNode,
  type TreeNode,
} from './tree.ts';

export interface Building {
  readonly document: Document.Parsed;
  /** Offset in the text → place in the file. */
  readonly place: (offset: number) => Position;
  readonly report: Report;
  readonly duplicates: 'refuse' | 'last-wins';
  /** How many nodes a walk of the result may visit, and how deep it may go. */
  readonly maxNodes: number;
  readonly maxDepth: number;
}

/**
 * The library's document → our tree. Aliases become the anchored node itself, `<<` is merged, a key that is written twice
 * is a problem. Linear: anchors are kept in the order of the text instead of searched. `null` when the tree would be of no use;
 * keys that are wrong are left out of it, so that all else can be checked.
 */
export function buildTree(building: Building): TreeNode | null {
  const builder: Builder = { ...building, anchors: new Map(), merged: 0, isBroken: false };
  const { contents } = building.document;
  const start = building.place(building.document.range[0]);
  const root = contents === null ? scalarNode(start, '', true) : build(builder, contents);
  if (root.size > building.maxNodes) breakOff(builder, root, tooLarge);
  if (root.depth > building.maxDepth) breakOff(builder, root, tooDeep);
  return builder.isBroken ? null : root;
}

/** `merged` counts entries that merge keys copied: with aliases they multiply. */
type Builder = Building & {
  readonly anchors: Map<string, TreeNode>;
  merged: number;
  isBroken: boolean;
};

function breakOff(builder: Builder, at: Position, fault: Fault): void {
  builder.report.error(at, fault);
  builder.isBroken = true;
}

function build(builder: Builder, node: Node): TreeNode {
  const at = builder.place(node.range?.[0] ?? 0);
  if (isAlias(node)) return resolveAlias(builder, node.source, at);
  const built = buildValue(builder, node, at);
  if ('anchor' in node && node.anchor !== undefined) builder.anchors.set(node.anchor, built);
  return built;
}

function buildValue(builder: Builder, node: Node, at: Position): TreeNode {
  if (isMap(node)) return buildMap(builder, node.items as Pair<Node | null, Node | null>[], at);
  if (isSeq(node))
    return listNode(
      at,
      (node.items as Node[]).map((item) => build(builder, item)),
    );
  if (isScalar(node)) return scalarNode(at, textOf(node), node.type === Scalar.PLAIN);
  return scalarNode(at, '', true);
}

/** With the failsafe schema values are texts already. */
function textOf({ value }: Scalar): string {
  return typeof value === 'string' ? value : '';
}

// An anchor is known from its end on: an alias inside its own anchor would be a cycle.
function resolveAlias(builder: Builder, name: string, at: Position): TreeNode {
  const anchored = builder.anchors.get(name);
  if (anchored !== undefined) return anchored;
  breakOff(builder, at, {
    code: 'unknown-alias',
    message: `the alias ${quote(`*${name}`)} stands for nothing that is complete before it`,
    hint: 'If a text that begins with an asterisk is meant, put it in quotes.',
  });
  return scalarNode(at, '', true);
}

function buildMap(
  builder: Builder,
  pairs: readonly Pair<Node | null, Node | null>[],
  at: Position,
): MapNode {
  const entries = new Map<string, Entry>();
  const merges: TreeNode[] = [];
  for (const pair of pairs) {
    const key = buildKey(builder, pair, at);
    if (key === null) continue;
    const value = pair.value === null ? scalarNode(key, '', true) : build(builder, pair.value);
    if (key.text === '<<' && key.plain) merges.push(value);
    else if (accept(builder, entries, key)) entries.set(key.text, { key, value });
  }
  for (const source of merges) merge(builder, entries, source);
  return mapNode(at, entries);
}

function buildKey(
  builder: Builder,
  pair: Pair<Node | null, Node | null>,
  at: Position,
): Entry['key'] | null {
  const key = pair.key === null ? scalarNode(at, '', true) : build(builder, pair.key);
  if (key.kind === 'scalar' && key.text !== '') return key;
  builder.report.error(key, {
    code: 'bad-key',
    message:
      key.kind === 'scalar' ? 'a key is missing here' : `a key must be a word, not a ${key.kind}`,
    hint: 'Put quotes around text that contains braces, brackets or colons.',
  });
  return null;
}

function accept(builder: Builder, entries: ReadonlyMap<string, Entry>, key: Entry['key']): boolean {
  const earlier = entries.get(key.text)?.key;
  if (key.text === '__proto__') {
    builder.report.error(key, {
      code: 'forbidden-key',
      message: 'the key "__proto__" is not allowed',
    });
    return false;
  }
  if (earlier === undefined) return true;
  const message = `the key ${quote(key.text)} is written twice: here and at ${printPosition(earlier)}`;
  // The last one is taken in any case: what is said of the rest shall be what Kontena would have made of it.
  if (builder.duplicates === 'last-wins') builder.report.warn(key, { ...twice, message });
  else builder.report.error(key, { ...twice, message, hint: lastInKontena });
  return true;
}

const twice = { code: 'duplicate-key', hint: 'Keep one of the two.' };
const lastInKontena =
  'Keep one of the two. Kontena took the last; with "compat: kontena" in grid.yml it counts in stack files.';

/** YAML 1.1's merge key: a map or a list of maps; what is written in the map itself, or merged earlier, wins. */
function merge(builder: Builder, entries: Map<string, Entry>, source: TreeNode): void {
  if (isNull(source)) return;
  const sources = source.kind === 'list' ? source.items : [source];
  for (const map of sources) {
    if (map.kind !== 'map') {
      const message = 'the merge key "<<" takes a map or a list of maps';
      builder.report.error(map, { code: 'bad-merge-key', message });
      continue;
    }
    builder.merged += map.entries.size;
    if (builder.merged > builder.maxNodes) return breakOff(builder, map, tooLarge);
    for (const [key, entry] of map.entries) if (!entries.has(key)) entries.set(key, entry);
  }
}

const tooLarge = {
  code: 'yaml-too-large',
  message:
    'the file has more values, aliases counted as often as they are used, than are read from one file',
};

const tooDeep = { code: 'yaml-too-deep', message: 'aliases nest values too deep' };
