import type { Parsed, Report } from './report.ts';
import { locate, type TreeNode, type TreePath } from './tree.ts';

/** A validated part of a file: its value, and its tree to find where each piece of the value is written. */
export interface Section<T> {
  readonly value: T;
  readonly node: TreeNode;
  readonly report: Report;
}

/** Parses a text of the section; a fault is reported where the text is written, and the answer is `null`. */
export function parseAt<T, V>(
  { node, report }: Section<T>,
  path: TreePath,
  text: string | undefined,
  parse: (text: string) => Parsed<V>,
): V | null {
  if (text === undefined) return null;
  const parsed = parse(text);
  if (parsed.fault === undefined) return parsed.value;
  report.error(locate(node, path), parsed.fault);
  return null;
}

/** Parses each text of a list; those with faults are reported and left out. */
export function parseEach<T, V>(
  section: Section<T>,
  key: string,
  texts: readonly string[] | undefined,
  parse: (text: string) => Parsed<V>,
): readonly { readonly value: V; readonly path: TreePath }[] {
  return (texts ?? []).flatMap((text, index) => {
    const value = parseAt(section, [key, index], text, parse);
    return value === null ? [] : [{ value, path: [key, index] }];
  });
}
