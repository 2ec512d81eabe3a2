import { isNull, type TreeNode } from './tree.ts';

/** What a variable stands for. `null`: it has no value. */
export type Value =
  | string
  | number
  | boolean
  | null
  | readonly Value[]
  | { readonly [name: string]: Value };

/** A value as it is written. Scalars stay text: what it means is for the variable's type to say. */
export function writtenValue(node: TreeNode): Value {
  switch (node.kind) {
    case 'scalar':
      return isNull(node) ? null : node.text;
    case 'list':
      return node.items.map(writtenValue);
    case 'map': {
      const entries = Array.from(node.entries, ([key, { value }]) => [key, writtenValue(value)]);
      return Object.assign(Object.create(null), Object.fromEntries(entries)) as Value;
    }
  }
}

/** What is put in for `$NAME`; a list is its items with commas between them. */
export function valueText(value: Value): string | null {
  if (value === null || typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map((item: Value) => valueText(item) ?? '').join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Values are compared as they are written: `5` and `"5"` are the same. */
export function isSame(a: Value, b: Value): boolean {
  return valueText(a) === valueText(b);
}

/** Kontena's truth: everything but nothing, `false` and the text "false". */
export function isTrue(value: Value): boolean {
  return value !== null && value !== false && value !== 'false';
}
