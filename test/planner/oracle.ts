import type { Affinity, Service } from '../../src/model/grid.ts';
import { compareText, instancePath } from '../../src/model/identity.ts';
import type { ObservedNode } from '../../src/model/observed.ts';
import type { PortBinding } from '../../src/model/spec.ts';
import { volumeName } from '../../src/model/volume-name.ts';
import { textHash, weight } from '../../src/planner/random.ts';

/**
 * Placement written as directly as it can be: for each instance that is nowhere, look at all nodes, drop those that a rule
 * excludes, sort the rest, take the first. For nodes that are all online and have reported, rules on nodes and labels, and
 * services that want something new only. Slow, and obviously right: what the planner is compared with.
 */
export function naivePlacements(
  services: readonly Service[],
  nodes: readonly ObservedNode[],
): ReadonlyMap<string, string> {
  const placed: Placed[] = [];
  const loads = new Map(nodes.map((node) => [node.name, 0]));
  const result = new Map<string, string>();
  const sorted = services.toSorted(
    (a, b) => compareText(a.stack, b.stack) || compareText(a.name, b.name),
  );
  for (const service of sorted)
    for (let number = 1; number <= service.instances; number += 1) {
      const node = best({ service, number }, nodes, placed, loads);
      if (node === undefined) continue;
      placed.push({ service, number, node });
      loads.set(node.name, (loads.get(node.name) ?? 0) + 1);
      result.set(instancePath({ stack: service.stack, service: service.name, number }), node.name);
    }
  return result;
}

interface Asking {
  readonly service: Service;
  readonly number: number;
}

interface Placed extends Asking {
  readonly node: ObservedNode;
}

function best(
  asking: Asking,
  nodes: readonly ObservedNode[],
  placed: readonly Placed[],
  loads: ReadonlyMap<string, number>,
): ObservedNode | undefined {
  const { service, number } = asking;
  const possible = nodes.filter((node) => isPossible(asking, node, placed));
  const own = placed.filter((other) => other.service === service);
  const path = instancePath({ stack: service.stack, service: service.name, number });
  const rank = (node: ObservedNode): readonly number[] => {
    const misses = service.affinity
      .filter((rule) => rule.soft)
      .map((rule) => (holds(rule, node, number) ? 0 : 1));
    misses.unshift(hasVolumes(asking, node) ? 0 : 1);
    if (service.strategy === 'random')
      return [...misses, -weight(textHash(path), textHash(node.name))];
    return [
      ...misses,
      own.filter((other) => region(other.node) === region(node)).length,
      own.filter((other) => zone(other.node) === zone(node)).length,
      own.filter((other) => other.node === node).length,
      loads.get(node.name) ?? 0,
    ];
  };
  return possible.toSorted(
    (a, b) => compareRanks(rank(a), rank(b)) || compareText(a.name, b.name),
  )[0];
}

function isPossible(
  { service, number }: Asking,
  node: ObservedNode,
  placed: readonly Placed[],
): boolean {
  const here = placed.filter((other) => other.node === node);
  const hard = service.affinity.filter((rule) => !rule.soft);
  const used = here.reduce((sum, other) => sum + (other.service.spec.memory ?? 0), 0);
  const busy = here.reduce((sum, other) => sum + (other.service.spec.cpus ?? 0), 0);
  const taken = new Set(
    here.flatMap((other) => other.service.spec.ports.map((port) => port.nodePort)),
  );
  return (
    node.availability === 'active' &&
    hard.every((rule) => holds(rule, node, number)) &&
    !service.spec.ports.some((port) => taken.has(port.nodePort)) &&
    !service.spec.ports.some((port) => isForeign(port, node)) &&
    (service.spec.cpus === null || busy + service.spec.cpus <= (node.facts?.cpus ?? 0)) &&
    (service.spec.memory === null || used + service.spec.memory <= (node.facts?.memory ?? 0))
  );
}

/** For ports on all addresses. */
function isForeign({ nodePort, protocol }: PortBinding, { host }: ObservedNode): boolean {
  const ports = host?.ports ?? [];
  return ports.some((taken) => taken.port === nodePort && taken.protocol === protocol);
}

/** For services with one volume, if any, that each instance has for its own. */
function hasVolumes({ service, number }: Asking, { host }: ObservedNode): boolean {
  const id = { stack: service.stack, service: service.name, number };
  return service.spec.mounts.every(
    (mount) =>
      mount.kind !== 'volume' ||
      mount.volume.scope !== 'instance' ||
      host?.volumes.includes(volumeName(id, mount.volume)),
  );
}

function holds(rule: Affinity, node: ObservedNode, number: number): boolean {
  const value = rule.value.replaceAll('%s', String(number));
  const texts = rule.key === 'node' ? [node.name] : (node.facts?.labels ?? []);
  const pattern = value.startsWith('/') ? new RegExp(value.slice(1, -1)) : null;
  const has = texts.some((text) => pattern?.test(text) ?? text === value);
  return has !== rule.negated;
}

function region(node: ObservedNode): string {
  return node.facts?.labels.find((label) => label.startsWith('region=')) ?? '';
}

function zone(node: ObservedNode): string {
  return `${region(node)} ${node.facts?.labels.find((label) => label.startsWith('az=')) ?? ''}`;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) {
    const difference = value - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
