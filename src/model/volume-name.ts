import { shortDigest } from './digest.ts';
import { containerName, type InstanceId } from './identity.ts';
import type { VolumeSpec } from './spec.ts';

/** Kontena's volume names (kontena.md 4.9); an external volume keeps its own. */
export function volumeName(instance: InstanceId, volume: VolumeSpec): string {
  if (volume.external || volume.scope === 'grid') return volume.name;
  if (volume.scope === 'stack') return `${instance.stack}.${volume.name}`;
  return `${instance.stack}.${instance.service}.${volume.name}-${instance.number}`;
}

/** Of what a stateful instance keeps at a path that has no volume of a name. */
export function dataVolumeName(instance: InstanceId, target: string): string {
  return `${containerName(instance)}.${shortDigest(target)}`;
}
