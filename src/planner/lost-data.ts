import type { Service } from '../model/grid.ts';
import { compareText, type InstanceId, instancePath, servicePath } from '../model/identity.ts';
import type { AssignedId, ObservedNode } from '../model/observed.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { dataVolumeName, volumeName } from '../model/volume-name.ts';

/** Where an instance is at the moment, and what it keeps there. */
export interface Home {
  readonly node: string;
  readonly stateful: boolean;
  /** Names of its own volumes that the node has, or may have. Sorted. */
  readonly volumes: readonly string[];
}

export type Homes = ReadonlyMap<string, readonly Home[]>;

/** By instance path. `services`: what runs is as these say, unless it was assigned otherwise. */
export function homesOf(
  nodes: readonly ObservedNode[],
  services: ReadonlyMap<string, Service>,
): Homes {
  const homes = new Map<string, Home[]>();
  for (const node of nodes)
    for (const { id, assigned } of instancesOn(node)) {
      const home = homeOf(id, { node, assigned, service: services.get(servicePath(id)) });
      const known = homes.get(instancePath(id));
      if (known === undefined) homes.set(instancePath(id), [home]);
      else known.push(home);
    }
  for (const known of homes.values()) known.sort((a, b) => compareText(a.node, b.node));
  return homes;
}

/** Names of volumes that are an instance's own. Those that others share stay in use, or were never its own to lose. */
export function ownVolumes(
  id: InstanceId,
  spec: ContainerSpec,
  stateful: boolean,
): readonly string[] {
  const names = spec.mounts.flatMap((mount) => {
    if (mount.kind === 'volume')
      return mount.volume.external || mount.volume.scope === 'instance'
        ? [volumeName(id, mount.volume)]
        : [];
    return mount.kind === 'anonymous' && stateful ? [dataVolumeName(id, mount.target)] : [];
  });
  return [...new Set(names)].toSorted(compareText);
}

interface Found {
  readonly id: InstanceId;
  readonly assigned: AssignedId | null;
}

function instancesOn({ instances, assigned }: ObservedNode): Iterable<Found> {
  const found = new Map<string, Found>();
  for (const id of instances)
    if (id.current !== null) found.set(instancePath(id), { id, assigned: null });
  for (const one of assigned) found.set(instancePath(one), { id: one, assigned: one });
  return found.values();
}

function homeOf(
  id: InstanceId,
  of: {
    readonly node: ObservedNode;
    readonly assigned: AssignedId | null;
    readonly service: Service | undefined;
  },
): Home {
  const spec = of.assigned?.spec ?? of.service?.spec;
  const stateful = of.assigned?.stateful ?? of.service?.stateful ?? false;
  const names = spec === undefined ? [] : ownVolumes(id, spec, stateful);
  const there = of.node.host?.volumes;
  const volumes = there === undefined ? names : names.filter((name) => there.includes(name));
  return { node: of.node.name, stateful, volumes };
}
