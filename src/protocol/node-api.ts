import Type from 'typebox';
import type { Decoded } from './api.ts';
import { closed, count, list, Time, text } from './api-parts.ts';
import { DiskSpace } from './engine-shape.ts';
import { NodeFacts } from './node-shape.ts';
import { nullable } from './schema-parts.ts';

const NodeNetwork = Type.Object({
  mode: Type.Enum(['none', 'bridge', 'overlay']),
  reason: nullable(
    Type.String({ description: "Why the node is not in the grid's network, where it is not." }),
  ),
  number: nullable(count),
  address: nullable(Type.String({ description: "Its own in the grid's network." })),
  publicAddress: nullable(Type.String({ description: 'What a person said it is reached by.' })),
  privateAddress: nullable(Type.String({ description: "The preferred one of the host's own." })),
  region: nullable(text),
});

const NodeEngine = Type.Object({
  state: Type.Enum(['ok', 'silent']),
  since: Time,
  reason: nullable(Type.String({ description: 'Why it does not answer.' })),
  disk: nullable(DiskSpace),
});

export const NodeStatus = Type.Object({
  grid: text,
  name: text,
  status: Type.Enum(['online', 'offline', 'unobserved']),
  availability: Type.Enum(['active', 'drain']),
  /** A person told the master so; absent: at most grid.yml does. */
  drained: Type.Optional(Type.Object({ by: text, at: Time })),
  /** Instances that keep it from getting empty while it is drained: their data is there. Absent: none. */
  stays: Type.Optional(list(text)),
  lastSeenAt: Time,
  instances: count,
  facts: nullable(NodeFacts),
  /** Absent: its agent knows of no networks, or the master does not. */
  network: Type.Optional(NodeNetwork),
  /** How its Docker engine is. Absent: its agent is away, or is too old to tell. */
  engine: Type.Optional(NodeEngine),
  skewSeconds: Type.Optional(
    Type.Integer({ description: "How far its clock is ahead of the master's; absent: not known." }),
  ),
  outdated: Type.Optional(
    Type.Boolean({ description: 'Its agent is older than the master; it works all the same.' }),
  ),
});

export const NodeList = Type.Object({ nodes: list(NodeStatus) });

export const AvailabilityRequest = Type.Object(
  { availability: Type.Enum(['active', 'drain']) },
  closed,
);

export type NodeStatus = Decoded<typeof NodeStatus>;
export type NodeList = Decoded<typeof NodeList>;
