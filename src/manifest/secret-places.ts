import { fillMarks, hasMark, marksWithin } from '../model/secret.ts';
import type { Seed } from '../model/seed.ts';
import { deriveChance } from './chance.ts';
import type { Fault, Report } from './report.ts';
import {
  listNode,
  type MapNode,
  mapNode,
  type ScalarNode,
  scalarNode,
  type TreeNode,
} from './tree.ts';

/**
 * Keys of a service whose texts are for the container alone, or for whoever builds the image, with a reader of their own;
 * what is elsewhere is planned with, compared and shown.
 */
const ofServices = [
  'build',
  'command',
  'dockerfile',
  'entrypoint',
  'environment',
  'healthcheck',
  'hooks',
  'logging',
  'post_start',
  'pre_stop',
];

/** Texts that become files for the containers alone, and what has its own reader. */
const ofHeads = ['configs', 'description', 'meta', 'services', 'variables'];

export interface SecretPlacing {
  readonly grid: string;
  readonly seed: Seed;
  readonly report: Report;
}

/**
 * A service, or what stands beside the services, with secrets where they may be. Elsewhere a sealed one is a problem, since
 * nobody knows it before it is on its node; one of chance is put in: there it is a name, and no secret.
 */
export function placeSecrets(
  node: MapNode,
  what: 'service' | 'head',
  placing: SecretPlacing,
): MapNode {
  const allowed = what === 'service' ? ofServices : ofHeads;
  const done = new Map<TreeNode, TreeNode>();
  function settle(part: TreeNode): TreeNode {
    const known = done.get(part) ?? settleOne(part);
    done.set(part, known);
    return known;
  }
  function settleOne(part: TreeNode): TreeNode {
    if (part.kind === 'scalar') return settleText(part, placing);
    if (part.kind === 'map') return settleMap(part, () => true);
    const items = part.items.map(settle);
    return items.every((item, at) => item === part.items[at]) ? part : listNode(part, items);
  }
  function settleMap(map: MapNode, isSettled: (key: string) => boolean): MapNode {
    let changed = false;
    const entries = Array.from(map.entries.values(), ({ key: written, value }) => {
      const key = settleText(written, placing);
      const settled = isSettled(key.text) ? settle(value) : value;
      changed ||= key !== written || settled !== value;
      return [key.text, { key, value: settled }] as const;
    });
    return changed ? mapNode(map, new Map(entries)) : map;
  }
  return settleMap(node, (key) => !allowed.includes(key));
}

function settleText(node: ScalarNode, { grid, seed, report }: SecretPlacing): ScalarNode {
  if (!hasMark(node.text)) return node;
  const derived = marksWithin(node.text).flatMap((mark) => {
    const value = deriveChance(mark, grid, seed);
    return value === null ? [] : [[mark, value] as const];
  });
  for (const [, value] of derived) report.conceal(value);
  const text = fillMarks(node.text, new Map(derived));
  if (!hasMark(text)) return scalarNode(node, text);
  report.error(node, misplaced);
  report.spoil(node);
  return node;
}

const misplaced: Fault = {
  code: 'secret-misplaced',
  message: 'a secret cannot stand here: its value is not known before it is on its node',
  hint: 'Secrets can be in the environment, in commands and hooks, in health checks, in options of logging, in the content of a config, and in files of their own. What is no secret can be a value in grid.yml.',
};
