import Type from 'typebox';
import type { Decoded } from './api.ts';
import { count, list, Position, text } from './api-parts.ts';
import { Health } from './instance-api.ts';
import { RolledBack } from './plan-api.ts';

/** A stack that runs for a pull request. */
const ForRequest = Type.Object({
  request: count,
  head: Type.String({ description: 'The commit of the request that it is of.' }),
  url: Type.Optional(text),
});

export const ServiceStatus = Type.Object({
  grid: text,
  stack: text,
  name: text,
  image: text,
  strategy: Type.Enum(['ha', 'daemon', 'random']),
  stateful: Type.Boolean(),
  wanted: count,
  ready: count,
  updated: Type.Integer({ minimum: 0, description: 'Instances that run the wanted spec.' }),
  /** The worst of its instances. */
  health: Health,
  specHash: text,
  position: Position,
  held: Type.Boolean({ description: 'Its stack has problems: the last good definition stays.' }),
  divergence: Type.Optional(RolledBack),
  preview: Type.Optional(ForRequest),
});

export const ServiceList = Type.Object({ services: list(ServiceStatus) });

export type ServiceStatus = Decoded<typeof ServiceStatus>;
export type ServiceList = Decoded<typeof ServiceList>;
