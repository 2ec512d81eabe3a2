import Type from 'typebox';
import { count, list, Name, nullable, Port, text } from './schema-parts.ts';

/** 32 bytes, base64. */
const WireguardKey = Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' });

/** An address or a host name: never anything that a command could take for an option. */
const Host = Type.String({ maxLength: 255, pattern: '^[A-Za-z0-9:][A-Za-z0-9.:_-]*$' });

const Cidr = Type.String({ pattern: '^\\d{1,3}(\\.\\d{1,3}){3}/\\d{1,2}$' });

/** Nodes of one grid. */
const MAX_NODES = 10_000;

export const NetworkMap = Type.Object({
  grid: Name,
  version: Type.Integer({ minimum: 1 }),
  subnet: Cidr,
  tunnelSubnet: Cidr,
  mtu: Type.Integer({ minimum: 576, maximum: 9_000 }),
  vni: Type.Integer({ minimum: 1, maximum: 16_777_215 }),
  trustedSubnets: list(Cidr),
  nodes: list(
    Type.Object({
      name: Name,
      number: Type.Integer({ minimum: 1, maximum: 65_535 }),
      pools: Type.Array(count, { minItems: 1, maxItems: 1_000 }),
      publicKey: WireguardKey,
      port: Port,
      publicAddress: nullable(Host),
      addresses: list(Host, 64),
      seenFrom: nullable(Host),
      region: nullable(text(255)),
    }),
    MAX_NODES,
  ),
});

export const NetworkFacts = Type.Object({
  mode: Type.Union([Type.Literal('none'), Type.Literal('bridge'), Type.Literal('overlay')]),
  reason: Type.Optional(text(1_000)),
  publicKey: nullable(WireguardKey),
  port: Port,
  publicAddress: nullable(Host),
  addresses: list(Host, 64),
  region: nullable(text(255)),
});

/** Agents cut down what is more or longer. */
export const REPORT_BOUNDS = { peers: 10_000, findings: 100, text: 1_000 } as const;

export const NetworkFinding = Type.Object({
  severity: Type.Union([Type.Literal('error'), Type.Literal('warning'), Type.Literal('info')]),
  code: text(64),
  message: text(REPORT_BOUNDS.text),
  hint: text(REPORT_BOUNDS.text),
});

const NodeNumber = Type.Integer({ minimum: 1 });

export const NetworkReport = Type.Object({
  version: count,
  peers: list(
    Type.Object({
      node: NodeNumber,
      way: Type.Union([
        Type.Literal('tunnel'),
        Type.Literal('trusted'),
        Type.Literal('relay'),
        Type.Literal('none'),
      ]),
      relay: nullable(NodeNumber),
      endpoint: nullable(text(255)),
      roundTrip: nullable(Type.Number({ minimum: 0 })),
      fullSize: nullable(Type.Boolean()),
    }),
    REPORT_BOUNDS.peers,
  ),
  findings: list(NetworkFinding, REPORT_BOUNDS.findings),
});
