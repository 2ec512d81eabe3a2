import type { AssignedInstance, Assignment } from '../model/assignment.ts';
import { GridError } from '../model/error.ts';
import { containerName, instancePath } from '../model/identity.ts';
import type { VolumeFacts } from '../model/volume.ts';
import { volumeName } from '../model/volume-name.ts';

/** The grid's volumes on this engine, by their label. Throws as `Containers` does. */
export interface Volumes {
  /** Sorted by name; without those of other nodes on this engine. */
  list(grid: string, node: string): Promise<readonly Omit<VolumeFacts, 'unusedSince'>[]>;
  /** Throws `engine-refused` for one that a container has, `not-found`. */
  remove(name: string): Promise<void>;
}

/**
 * Takes a volume with all that is in it away, for a person who has named it: one of the grid, that no container has and that
 * nothing which this node is assigned wants, also when its container is missing at the moment.
 */
export async function removeVolume(
  volumes: Volumes,
  of: {
    readonly grid: string;
    readonly node: string;
    readonly name: string;
    readonly assignment: Assignment | null;
  },
): Promise<void> {
  const { grid, node, name, assignment } = of;
  const known = (await volumes.list(grid, node)).find((one) => one.name === name);
  if (known === undefined) throw refusal(`there is no volume ${name} of grid ${grid} on this node`);
  if (known.usedBy.length > 0)
    throw refusal(`volume ${name} is in use by ${known.usedBy.join(', ')}`);
  const owner = assignment?.instances.find((one) => wants(one, name));
  if (owner !== undefined)
    throw refusal(`volume ${name} is of ${instancePath(owner)}, which this node is assigned`);
  const held = assignment?.kept.find((path) => path.split('/', 1)[0] === known.stack);
  if (held !== undefined)
    throw refusal(`volume ${name} may be of ${held}, whose definition cannot be read now`);
  await volumes.remove(name);
}

function wants(instance: AssignedInstance, name: string): boolean {
  // Where only the image says that there is data, its volume has the name of the instance and a digest of the place.
  if (instance.stateful && name.startsWith(`${containerName(instance)}.`)) return true;
  return instance.spec.mounts.some(
    (mount) => mount.kind === 'volume' && volumeName(instance, mount.volume) === name,
  );
}

function refusal(message: string): GridError {
  return new GridError({ code: 'invalid-request', message });
}
