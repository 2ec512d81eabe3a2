import Type from 'typebox';

/** The wire shape of `ContainerExtras`; see schema-parts.ts. */

const text = (maxLength = 4_096) => Type.String({ maxLength });
const list = <T extends Type.TSchema>(items: T) => Type.Array(items, { maxItems: 2_000 });
const texts = Type.Record(Type.String(), text());
const integer = Type.Integer();
const some = Type.Optional;

const amounts = some(list(Type.Object({ path: text(), amount: integer })));

export const ContainerExtras = Type.Object({
  init: some(Type.Boolean()),
  tty: some(Type.Literal(true)),
  stdinOpen: some(Type.Literal(true)),
  workingDir: some(text()),
  hostname: some(text(255)),
  domainname: some(text(255)),
  groups: some(list(text(255))),
  ulimits: some(list(Type.Object({ name: text(32), soft: integer, hard: integer }))),
  sysctls: some(texts),
  securityOptions: some(list(text())),
  annotations: some(texts),
  ipc: some(
    Type.Union([
      Type.Literal('private'),
      Type.Literal('host'),
      Type.Literal('shareable'),
      Type.Literal('none'),
    ]),
  ),
  uts: some(Type.Literal('host')),
  userns: some(Type.Literal('host')),
  cgroup: some(Type.Union([Type.Literal('host'), Type.Literal('private')])),
  cgroupParent: some(text()),
  runtime: some(text(255)),
  platform: some(text(255)),
  extraHosts: some(list(text())),
  dns: some(list(text(64))),
  dnsSearch: some(list(text(255))),
  dnsOptions: some(list(text(255))),
  macAddress: some(text(32)),
  aliases: some(list(text(255))),
  links: some(list(Type.Object({ target: text(600), alias: text(255) }))),
  expose: some(list(text(32))),
  devices: some(list(Type.Object({ source: text(), target: text(), permissions: text(3) }))),
  deviceRules: some(list(text(64))),
  gpus: some(
    list(
      Type.Object({
        driver: text(255),
        count: integer,
        ids: list(text(255)),
        capabilities: list(text(255)),
        options: texts,
      }),
    ),
  ),
  tmpfs: some(texts),
  storageOptions: some(texts),
  memoryReservation: some(integer),
  memorySwappiness: some(integer),
  oomKillDisable: some(Type.Literal(true)),
  oomScoreAdj: some(integer),
  pidsLimit: some(integer),
  cpuset: some(text(1_024)),
  cpuPeriod: some(integer),
  cpuQuota: some(integer),
  cpuRealtimePeriod: some(integer),
  cpuRealtimeRuntime: some(integer),
  blkio: some(
    Type.Object({
      weight: some(integer),
      weightDevice: amounts,
      readBps: amounts,
      readIops: amounts,
      writeBps: amounts,
      writeIops: amounts,
    }),
  ),
  healthcheck: some(
    Type.Object({
      test: some(list(text(131_072))),
      interval: some(integer),
      timeout: some(integer),
      retries: some(integer),
      startPeriod: some(integer),
      startInterval: some(integer),
    }),
  ),
});
