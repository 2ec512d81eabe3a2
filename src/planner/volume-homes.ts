import type { Mount } from '../model/spec.ts';
import { dataVolumeName, volumeName } from '../model/volume-name.ts';
import type { HostNode } from './host-nodes.ts';
import type { Request } from './request.ts';

/**
 * Which nodes have the volumes already that an instance takes for its own: the data is there (kontena.md 4.3, filter 4).
 * Volumes that a stack or the grid shares on each node are no reason to be on one: their instances would never spread.
 */
export class VolumeHomes {
  readonly #hosts: readonly HostNode[];
  /** Made once somebody has a volume of its own. */
  #nodes: ReadonlyMap<string, ReadonlySet<HostNode>> | null = null;

  constructor(hosts: readonly HostNode[]) {
    this.#hosts = hosts;
  }

  /** Names of an instance's own volumes that some node has. None: to it all nodes are alike. */
  known(request: Request): readonly string[] {
    const names = ownVolumes(request);
    if (names.length === 0) return names;
    this.#nodes ??= nodesByVolume(this.#hosts);
    return names.filter((name) => this.#nodes?.has(name) === true);
  }

  /** How many of them a node does not have. */
  missing(names: readonly string[], host: HostNode): number {
    return names.filter((name) => this.#nodes?.get(name)?.has(host) !== true).length;
  }
}

const none: readonly string[] = [];

function ownVolumes({ id, service }: Request): readonly string[] {
  if (service.spec.mounts.length === 0) return none;
  const names = service.spec.mounts.flatMap((mount) => {
    if (mount.kind === 'volume') return isOwn(mount) ? [volumeName(id, mount.volume)] : [];
    const isData = mount.kind === 'anonymous' && service.stateful;
    return isData ? [dataVolumeName(id, mount.target)] : [];
  });
  return [...new Set(names)];
}

/** An external volume has to be there before: on any other node the instance could not start. */
function isOwn({ volume }: Extract<Mount, { kind: 'volume' }>): boolean {
  return volume.external || volume.scope === 'instance';
}

function nodesByVolume(hosts: readonly HostNode[]): ReadonlyMap<string, ReadonlySet<HostNode>> {
  const nodes = new Map<string, Set<HostNode>>();
  for (const host of hosts)
    for (const name of host.report?.volumes ?? []) {
      const known = nodes.get(name);
      if (known === undefined) nodes.set(name, new Set([host]));
      else known.add(host);
    }
  return nodes;
}
