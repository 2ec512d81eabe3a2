import { Document, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { findLiquid } from './liquid.ts';
import { withWrittenSecrets } from './render-secrets.ts';
import type { ResolvedStack } from './resolve-stack.ts';
import { escapeTemplate } from './template.ts';
import {
  isNull,
  type MapNode,
  mapNode,
  type ScalarNode,
  scalarNode,
  type TreeNode,
} from './tree.ts';

/**
 * A resolved stack as a file in the stack format: no templates, no variables, nothing that it extends. Reading it gives the
 * same stack again: dollar signs are doubled where variables would be put in, and what looks like Liquid is marked as raw.
 */
export function renderStack(name: string, { head, services, secrets }: ResolvedStack): string {
  const root = new YAMLMap();
  root.set(new Scalar('stack'), new Scalar(name));
  for (const [key, { value }] of head?.entries ?? [])
    if (!leftOut.includes(key)) root.set(new Scalar(key), nodeOf(value, !asWritten.includes(key)));
  const all = new YAMLMap();
  for (const { key, node } of services) {
    const service = secrets === null ? node : withWrittenSecrets(node, secrets);
    all.set(new Scalar(key.text), nodeOf(withoutProfiles(service), true));
  }
  root.set(new Scalar('services'), all);
  spaceOut(root, all);
  const document = new Document(undefined, { schema: 'failsafe' });
  document.contents = root;
  const text = document.toString({ lineWidth: 0 });
  return findLiquid(text) === -1 ? text : `# {% raw %}\n${text}# {% endraw %}\n`;
}

/** What has been used up, or means something else in the stack format. */
const leftOut = ['stack', 'services', 'variables', 'depends', 'name', 'version'];

/** Where variables are not put in. */
const asWritten = ['description', 'meta'];

function withoutProfiles(service: MapNode): MapNode {
  const { entries } = service;
  return mapNode(service, new Map([...entries].filter(([key]) => key !== 'profiles')));
}

function nodeOf(node: TreeNode, escape: boolean): unknown {
  switch (node.kind) {
    case 'scalar':
      return textOf(node, escape);
    case 'list': {
      const items = new YAMLSeq();
      items.items = node.items.map((item) => nodeOf(item, escape));
      return items;
    }
    case 'map': {
      const map = new YAMLMap();
      for (const [key, { value }] of node.entries)
        map.set(new Scalar(escape ? escapeTemplate(key) : key), nodeOf(value, escape));
      return map;
    }
  }
}

/** Text that would be read as nothing is kept apart from nothing. */
function textOf(node: ScalarNode, escape: boolean): Scalar {
  const scalar = new Scalar(escape ? escapeTemplate(node.text) : node.text);
  const looksNull = isNull(scalarNode(node, node.text, true));
  if (isNull(node)) scalar.type = Scalar.PLAIN;
  else if (looksNull) scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}

/** An empty line before each part of the file, and between services. */
function spaceOut(root: Items, services: Items): void {
  for (const { key } of [...root.items.slice(1), ...services.items.slice(1)])
    if (key instanceof Scalar) key.spaceBefore = true;
}

type Items = YAMLMap;
