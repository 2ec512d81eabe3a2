import { instancePath, servicePath } from '../model/identity.ts';
import type { Blocked } from '../model/plan.ts';
import type { PreviewedBlock } from '../model/preview.ts';
import { oneLine } from './printable.ts';

const MOST_NAMES = 20;
const LONGEST_REASON = 300;

/** Instances that are blocked by the same are told of together, in the order of the first of each. */
export function previewBlocks(
  all: readonly Blocked[],
  isChanged: (path: string) => boolean,
): readonly PreviewedBlock[] {
  const groups = new Map<string, Blocked[]>();
  for (const blocked of all) {
    const isDueAnyway = !isChanged(servicePath(blocked));
    const key = JSON.stringify([isDueAnyway, blocked.reason, blocked.excluded]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [blocked]);
    else group.push(blocked);
  }
  return [...groups.values()].flatMap((group) => previewBlock(group, isChanged));
}

function previewBlock(
  group: readonly Blocked[],
  isChanged: (path: string) => boolean,
): readonly PreviewedBlock[] {
  const [first] = group;
  if (first === undefined) return [];
  return [
    {
      paths: group.slice(0, MOST_NAMES).map(instancePath),
      instances: group.length,
      reason: oneLine(first.reason, LONGEST_REASON),
      isDueAnyway: !isChanged(servicePath(first)),
      excluded: first.excluded.map(({ filter, nodes, reason }) => ({
        filter,
        reason: oneLine(reason, LONGEST_REASON),
        nodes: nodes.slice(0, MOST_NAMES),
        count: nodes.length,
      })),
    },
  ];
}
