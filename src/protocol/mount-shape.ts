import Type from 'typebox';
import { count, Name, nullable, record, Sha256, text } from './schema-parts.ts';

const Volume = Type.Object({
  name: Name,
  scope: Type.Union([Type.Literal('instance'), Type.Literal('stack'), Type.Literal('grid')]),
  external: Type.Boolean(),
  driver: nullable(text(255)),
  driverOptions: record,
  labels: Type.Optional(record),
});

const SelinuxLabel = Type.Union([Type.Literal('z'), Type.Literal('Z')]);

const Propagation = Type.Union([
  Type.Literal('private'),
  Type.Literal('rprivate'),
  Type.Literal('shared'),
  Type.Literal('rshared'),
  Type.Literal('slave'),
  Type.Literal('rslave'),
]);

export const Mount = Type.Union([
  Type.Object({
    kind: Type.Literal('bind'),
    source: text(4_096),
    target: text(4_096),
    readOnly: Type.Boolean(),
    propagation: Type.Optional(Propagation),
    selinux: Type.Optional(SelinuxLabel),
    mustExist: Type.Optional(Type.Literal(true)),
  }),
  Type.Object({
    kind: Type.Literal('volume'),
    volume: Volume,
    target: text(4_096),
    readOnly: Type.Boolean(),
    noCopy: Type.Optional(Type.Literal(true)),
    subpath: Type.Optional(text(4_096)),
  }),
  Type.Object({ kind: Type.Literal('anonymous'), target: text(4_096) }),
  Type.Object({
    kind: Type.Literal('tmpfs'),
    target: text(4_096),
    readOnly: Type.Boolean(),
    size: nullable(count),
    mode: nullable(count),
  }),
  Type.Object({
    kind: Type.Literal('files'),
    target: text(4_096),
    digest: Sha256,
    selinux: Type.Optional(SelinuxLabel),
  }),
  Type.Object({
    kind: Type.Literal('secret'),
    target: text(4_096),
    text: text(262_144),
    mode: Type.Integer({ minimum: 0, maximum: 0o777 }),
    uid: nullable(count),
    gid: nullable(count),
  }),
]);
