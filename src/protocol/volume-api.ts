import Type from 'typebox';
import type { Decoded } from './api.ts';
import { list, text } from './api-parts.ts';
import { VolumeFacts } from './volume-shape.ts';

const VolumeStatus = Type.Object({ grid: text, node: text, ...VolumeFacts.properties });

export const VolumeList = Type.Object({
  volumes: list(VolumeStatus),
  /** Nodes that were asked in vain: what they have is not in the list. */
  silent: list(Type.Object({ node: text, reason: text })),
});

export type VolumeList = Decoded<typeof VolumeList>;
