import Type from 'typebox';
import { NetworkFacts } from './network-shape.ts';
import { list, text } from './schema-parts.ts';

export const NodeFacts = Type.Object({
  labels: list(text(255)),
  cpus: Type.Number({ minimum: 0 }),
  memory: Type.Number({ minimum: 0 }),
  engineVersion: text(64),
  agentVersion: text(64),
  operatingSystem: text(255),
  architecture: text(64),
  volumeDrivers: list(text(255)),
  publishAddress: text(64),
  network: Type.Optional(NetworkFacts),
  jobs: Type.Optional(Type.Literal(true)),
});
