import Type from 'typebox';
import type { Decoded } from './api.ts';
import { count, list, Time, text } from './api-parts.ts';
import { NetworkReport } from './network-shape.ts';
import { nullable } from './schema-parts.ts';

const NetworkNodeStatus = Type.Object({
  name: text,
  status: Type.Enum(['online', 'offline', 'unobserved']),
  number: nullable(Type.Integer({ description: 'In the grid; null: not in its network.' })),
  address: nullable(Type.String({ description: 'In the grid.' })),
  mode: nullable(Type.Enum(['none', 'bridge', 'overlay'])),
  reason: nullable(Type.String({ description: 'Why there is no overlay.' })),
  port: nullable(Type.Integer({ description: 'UDP, of WireGuard.' })),
  publicAddress: nullable(text),
  addresses: list(text),
  seenFrom: nullable(Type.String({ description: 'Where the master sees it connect from.' })),
  region: nullable(text),
  behindNat: nullable(Type.Boolean({ description: 'null: not known.' })),
  report: nullable(Type.Object({ at: Time, ...NetworkReport.properties })),
});

export const NetworkStatus = Type.Object({
  grid: text,
  now: Type.Number({ description: "The master's clock: the reports' times are by it." }),
  map: nullable(
    Type.Object({
      version: count,
      subnet: text,
      tunnelSubnet: text,
      mtu: count,
      trustedSubnets: list(text),
    }),
  ),
  nodes: list(NetworkNodeStatus),
});

export type NetworkStatus = Decoded<typeof NetworkStatus>;
