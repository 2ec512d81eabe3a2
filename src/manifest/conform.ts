import { isNull, type ListNode, type MapNode, type ScalarNode, type TreeNode } from './tree.ts';

/** The keywords of a JSON Schema that say how text is to be read. */
export interface Shape {
  readonly type?: string | readonly string[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
}

/**
 * Tree → value, read as the schema wants it: `yes` is true for a key that wants a boolean, and "yes" for one that wants text;
 * `1.10` stays "1.10" as a version. What does not fit stays text, for validation to refuse. Maps have no prototype. Of maps and
 * lists that the schema does not look into only the kind is kept.
 */
export function conform(node: TreeNode, shape: Shape): unknown {
  switch (node.kind) {
    case 'scalar':
      return scalarValue(node, typesOf(shape));
    case 'list':
      return shape.items === undefined ? [] : conformItems(node, shape.items);
    case 'map':
      return mapValue(node, shape);
  }
}

function conformItems(node: ListNode, items: Shape): unknown[] {
  return node.items.map((item) => conform(item, items));
}

function mapValue(node: MapNode, shape: Shape): Record<string, unknown> {
  const result: Record<string, unknown> = Object.create(null);
  const others = shape.additionalProperties;
  if (others === undefined) return result;
  for (const [key, { value }] of node.entries) {
    const known = shape.properties !== undefined && Object.hasOwn(shape.properties, key);
    if (!known && others === false && key.startsWith('x-')) continue;
    const own = known ? shape.properties[key] : undefined;
    result[key] = conform(value, own ?? (typeof others === 'object' ? others : {}));
  }
  return result;
}

function scalarValue(node: ScalarNode, types: readonly string[]): unknown {
  if (isNull(node)) return emptyValue(types);
  if (types.includes('string') || types.length === 0) return node.text;
  if (types.includes('boolean') && truth.has(node.text)) return truth.get(node.text);
  const isNumber =
    (types.includes('integer') && integer.test(node.text)) ||
    (types.includes('number') && number.test(node.text));
  return isNumber ? Number(node.text) : node.text;
}

/** A key without a value is an empty list or map where one is wanted; for everything else something is missing. */
function emptyValue(types: readonly string[]): unknown {
  if (types.includes('null')) return null;
  if (types.includes('object')) return Object.create(null);
  return types.includes('array') ? [] : null;
}

function typesOf(shape: Shape): readonly string[] {
  if (shape.type === undefined) return [];
  return typeof shape.type === 'string' ? [shape.type] : shape.type;
}

/** YAML 1.1's booleans, which files written for Kontena use. */
const truth: ReadonlyMap<string, boolean> = new Map(
  ['true', 'yes', 'on', 'false', 'no', 'off'].flatMap((word, i) => [
    [word, i < 3],
    [word.toUpperCase(), i < 3],
    [`${word.charAt(0).toUpperCase()}${word.slice(1)}`, i < 3],
  ]),
);

// No leading zeros: whether 010 is eight or ten depends on whom one asks.
const integer = /^[+-]?(?:0|[1-9]\d{0,14})$/;
const number = /^[+-]?(?:0|[1-9]\d{0,14})?(?:\.\d+)?(?<=\d)$/;
