import Type from 'typebox';
import { balances, balancingBounds } from '../model/balancing.ts';
import { Hash, list, Name, nullable, Port, record, text } from './schema-parts.ts';

const Setting = text(balancingBounds.text);

/** A secret mark may stand for more than a line of its length. */
const SettingLines = list(Setting, balancingBounds.lines);

const Backend = Type.Object({
  stack: Name,
  service: Name,
  mode: Type.Union([Type.Literal('http'), Type.Literal('tcp')]),
  internalPort: Port,
  externalPort: nullable(Port),
  balance: Type.Union(balances.map((balance) => Type.Literal(balance))),
  virtualHosts: list(text(255), balancingBounds.hosts),
  virtualPaths: list(text(4_096), balancingBounds.paths),
  keepVirtualPath: Type.Boolean(),
  cookie: nullable(Setting),
  customSettings: SettingLines,
  basicAuth: nullable(Setting),
  check: nullable(Type.Object({ port: Port, uri: nullable(Setting) })),
});

export const Balancing = Type.Object({
  hash: Hash,
  settings: Type.Object({
    healthUri: nullable(Setting),
    statsPassword: nullable(Setting),
    ciphers: nullable(Setting),
    customSettings: SettingLines,
    acceptProxy: Type.Boolean(),
    http2: Type.Boolean(),
    certificates: list(Setting, balancingBounds.certificates),
    challenges: record,
  }),
  backends: list(Backend, balancingBounds.backends),
});
