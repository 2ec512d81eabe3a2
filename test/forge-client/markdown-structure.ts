import type { Nodes, Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';

/** What a forge makes of a comment, by a parser of CommonMark with GitHub's extensions. */
export function parse(text: string): Root {
  return fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
}

/** The types of everything in it, in order, without what the texts are: `root(paragraph(text) code)`. */
export function structure(node: Nodes): string {
  if (!('children' in node)) return node.type;
  return `${node.type}(${node.children.map(structure).join(' ')})`;
}

export function nodesOf<T extends Nodes['type']>(
  node: Nodes,
  type: T,
): readonly Extract<Nodes, { type: T }>[] {
  const inside = 'children' in node ? node.children.flatMap((child) => nodesOf(child, type)) : [];
  return node.type === type ? [node as Extract<Nodes, { type: T }>, ...inside] : inside;
}
