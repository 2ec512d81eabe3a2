import Type from 'typebox';
import { balances, balancingBounds } from '../model/balancing.ts';
import { deliveryBounds } from '../model/delivery.ts';
import { ContainerExtras } from './extras-shape.ts';
import { AssignedJob, ObservedJob } from './job-shape.ts';

/**
 * The wire shapes of model types, as JSON Schema. `Type.Static` of each equals the model's type; the assertions at the end
 * of the file do not compile where the two drift apart. Unknown fields are tolerated (a newer peer), missing ones are not.
 */

const text = (maxLength: number) => Type.String({ maxLength });
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const list = <T extends Type.TSchema>(items: T, maxItems = 1_000) =>
  Type.Array(items, { maxItems });
const record = Type.Record(Type.String(), text(131_072));
const count = Type.Integer({ minimum: 0 });

export const Name = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]*$',
});
export const Hash = text(128);
const instanceId = {
  stack: Name,
  service: Name,
  number: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
};

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
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

const Mount = Type.Union([
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

const Port = Type.Integer({ minimum: 1, maximum: 65_535 });

/** Of one service, all kinds together. */
const MAX_HOOKS = 200;
const HookKeys = list(text(300), 10 * MAX_HOOKS);

const Hook = Type.Object({
  kind: Type.Union([
    Type.Literal('pre-start'),
    Type.Literal('post-start'),
    Type.Literal('pre-stop'),
  ]),
  name: text(255),
  command: list(text(131_072)),
  instances: nullable(list(Type.Integer({ minimum: 1 }))),
  oneshot: Type.Boolean(),
  user: nullable(text(255)),
  privileged: Type.Boolean(),
  workingDirectory: nullable(text(4_096)),
  env: record,
});

export const ContainerSpec = Type.Object({
  image: text(1_024),
  command: nullable(list(text(131_072))),
  entrypoint: nullable(list(text(131_072))),
  env: record,
  user: nullable(text(255)),
  ports: list(
    Type.Object({
      ip: nullable(text(64)),
      nodePort: Port,
      containerPort: Port,
      protocol: Type.Union([Type.Literal('tcp'), Type.Literal('udp'), Type.Literal('sctp')]),
    }),
  ),
  mounts: list(Mount),
  volumesFrom: Type.Optional(
    list(
      Type.Object({
        service: Name,
        number: nullable(instanceId.number),
        readOnly: Type.Boolean(),
      }),
    ),
  ),
  networkMode: Type.Union([Type.Literal('bridge'), Type.Literal('host'), Type.Literal('none')]),
  hostPid: Type.Boolean(),
  privileged: Type.Boolean(),
  readOnly: Type.Boolean(),
  capAdd: list(text(64)),
  capDrop: list(text(64)),
  memory: nullable(Type.Integer()),
  memorySwap: nullable(Type.Integer()),
  shmSize: nullable(Type.Integer()),
  cpus: nullable(Type.Number()),
  cpuShares: nullable(Type.Integer()),
  stopSignal: nullable(text(32)),
  stopGracePeriod: Type.Number({ minimum: 0 }),
  logging: nullable(Type.Object({ driver: text(255), options: record })),
  waitForPort: nullable(Port),
  healthCheck: nullable(
    Type.Object({
      protocol: Type.Union([Type.Literal('http'), Type.Literal('tcp')]),
      port: Port,
      uri: text(4_096),
      timeout: Type.Number(),
      interval: Type.Number(),
      initialDelay: Type.Number(),
      retries: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    }),
  ),
  labels: record,
  extras: Type.Optional(ContainerExtras),
  hooks: Type.Optional(list(Hook, MAX_HOOKS)),
});

/** Of one node, in an assignment and in what is observed. */
export const MAX_INSTANCES = 10_000;

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

const FileBundle = Type.Object({
  files: list(
    Type.Object({
      path: text(4_096),
      mode: Type.Integer({ minimum: 0, maximum: 0o777 }),
      content: Sha256,
    }),
    deliveryBounds.files,
  ),
  uid: nullable(count),
  gid: nullable(count),
});

/** Base64 is a third longer than what it stands for. */
const maxContent = 4 * Math.ceil(deliveryBounds.fileBytes / 3);

const Delivery = Type.Object({
  bundles: Type.Record(Type.String(), FileBundle),
  contents: Type.Record(Type.String(), text(maxContent)),
});

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

const Balancing = Type.Object({
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

const assignedInstance = {
  ...instanceId,
  stateful: Type.Boolean(),
  spec: ContainerSpec,
  specHash: Hash,
  revision: Hash,
  mode: Type.Union([Type.Literal('start-first'), Type.Literal('stop-first')]),
  doneHooks: Type.Optional(HookKeys),
  balancing: Type.Optional(Balancing),
  drift: Type.Optional(Type.Literal('report')),
};

export const Assignment = Type.Object({
  grid: Name,
  node: Name,
  generation: count,
  roster: list(Name, 10_000),
  instances: list(Type.Object(assignedInstance), MAX_INSTANCES),
  /** Beside the instances: an agent that knows of no jobs must not take one for a service (`codec`). */
  jobs: Type.Optional(list(Type.Object({ ...assignedInstance, job: AssignedJob }), MAX_INSTANCES)),
  kept: list(text(600), 10_000),
  /** Assignments without files, and those of older masters, have none. */
  files: Type.Optional(Delivery),
  secrets: Type.Optional(Type.Record(Type.String(), nullable(text(200_000)))),
});

const NetworkFacts = Type.Object({
  mode: Type.Union([Type.Literal('none'), Type.Literal('bridge'), Type.Literal('overlay')]),
  reason: Type.Optional(text(1_000)),
  publicKey: nullable(WireguardKey),
  port: Port,
  publicAddress: nullable(Host),
  addresses: list(Host, 64),
  region: nullable(text(255)),
});

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

const Failure = Type.Object({
  code: text(64),
  message: text(4_096),
  exitCode: nullable(Type.Integer()),
  log: Type.Array(text(4_096), { maxItems: 20 }),
  count,
});

const Difference = Type.Object({ what: text(255), wanted: text(4_096), found: text(4_096) });

export const Drift = Type.Object({
  state: Type.Union([Type.Literal('reported'), Type.Literal('stalled')]),
  differences: list(Difference, 100),
  count,
  since: Type.Number(),
});

export const ObservedInstance = Type.Object({
  ...instanceId,
  current: nullable(
    Type.Object({
      id: text(128),
      specHash: Hash,
      revision: Hash,
      running: Type.Boolean(),
      ready: Type.Boolean(),
      health: Type.Union([
        Type.Literal('healthy'),
        Type.Literal('starting'),
        Type.Literal('unhealthy'),
        Type.Literal('unknown'),
      ]),
      startedAt: nullable(Type.Number()),
      paused: Type.Optional(Type.Literal(true)),
    }),
  ),
  attempt: nullable(
    Type.Object({
      specHash: Hash,
      phase: Type.Union([
        Type.Literal('pulling'),
        Type.Literal('creating'),
        Type.Literal('starting'),
        Type.Literal('stopping'),
        Type.Literal('failed'),
      ]),
      message: text(4_096),
      failure: nullable(Failure),
    }),
  ),
  doneHooks: Type.Optional(HookKeys),
  drift: Type.Optional(Drift),
  job: Type.Optional(ObservedJob),
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
