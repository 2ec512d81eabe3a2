import { Ajv2020 } from 'ajv/dist/2020.js';
import Type from 'typebox';
import { GridError } from '../model/error.ts';
import { DiskSpace } from './engine-shape.ts';
import { JobList, RunRequested } from './job-api.ts';
import { Preview, PreviewList, PreviewSummary } from './preview-api.ts';
import { Drift, Name, NetworkReport, NodeFacts } from './shape.ts';
import { VolumeFacts } from './volume-shape.ts';

/**
 * Every request and reply of `/api/v1`, as JSON Schema with inferred types. Master, command line and OpenAPI document read
 * the same schemas; a reply is cut down to its schema before it leaves the master, so a field that is not here never leaks.
 * Times are milliseconds since the epoch. New optional fields may appear at any time: readers ignore what they do not know.
 */

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const list = <T extends Type.TSchema>(items: T) => Type.Array(items);
const count = Type.Integer({ minimum: 0 });
const text = Type.String();
const Time = Type.Number({ description: 'Milliseconds since the epoch.' });
const Sha = Type.String({ description: 'Full id of a commit.' });
const Severity = Type.Enum(['info', 'warning', 'error']);
const Phase = Type.Enum([
  'queued',
  'planning',
  'running',
  'held',
  'succeeded',
  'failed',
  'superseded',
]);
const instanceId = { stack: text, service: text, number: Type.Integer({ minimum: 1 }) };
const Position = Type.Object({ file: text, line: count, column: count });

/** A type as everyone but its writer sees it, arrays included; model types fit without a copy. */
export type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** Any schema of this file, and what a value of it is. */
export type Schema = Type.TSchema;
export type Decoded<T extends Schema> = Frozen<Type.Static<T>>;

export const ApiError = Type.Object({
  error: Type.Object({
    code: Type.String({ description: 'Stable, kebab-case.' }),
    message: text,
    hint: Type.Optional(Type.String({ description: 'What to do next.' })),
  }),
});

export const Version = Type.Object({
  version: text,
  now: Type.Number({ description: "The master's clock, milliseconds since the epoch." }),
});

/** What values are sealed for: the public half of a key that only this master has. */
export const Recipient = Type.Object({
  recipient: Type.String({ description: 'An age recipient: "age1" and 58 characters.' }),
});

const Failure = Type.Object({
  code: text,
  message: text,
  exitCode: nullable(Type.Integer()),
  log: Type.Array(text, { description: "The container's last lines, newest last." }),
  count,
});

const stepFields = { ...instanceId, node: text, reason: text };
const Step = Type.Union([
  Type.Object({ kind: Type.Literal('create'), ...stepFields, specHash: text }),
  Type.Object({
    kind: Type.Literal('replace'),
    ...stepFields,
    specHash: text,
    from: text,
    mode: Type.Enum(['start-first', 'stop-first']),
    because: Type.Optional(
      Type.String({ description: 'What old and new cannot have both: the old one stops first.' }),
    ),
  }),
  Type.Object({ kind: Type.Literal('remove'), ...stepFields, stateful: Type.Boolean() }),
]);

const Excluded = Type.Object({ filter: text, nodes: list(text), reason: text });

/** A service that runs its last good spec again, and why. It diverges from git until a commit changes its spec. */
const RolledBack = Type.Object({
  ...instanceId,
  node: text,
  failure: Failure,
  specHash: Type.String({ description: 'What the newest revision wants, and what failed.' }),
  revision: Type.String({ description: 'The commit whose spec runs again.' }),
  instances: count,
});

export const Plan = Type.Object({
  grid: text,
  revision: Sha,
  waves: list(Type.Object({ steps: list(Step) })),
  blocked: list(Type.Object({ ...instanceId, reason: text, excluded: list(Excluded) })),
  halted: list(
    Type.Object({
      ...instanceId,
      node: text,
      failure: Failure,
      remaining: count,
      notRolledBack: Type.Optional(
        Type.String({ description: 'Why it is held although it should be rolled back.' }),
      ),
    }),
  ),
  waiting: list(Type.Object({ ...instanceId, reason: text })),
  rolledBack: Type.Optional(list(RolledBack)),
  warnings: list(text),
  confirmation: nullable(Type.Object({ reason: text, removes: list(text) })),
  wanted: count,
  hash: text,
});

/** What the grid's newest good revision still needs; the text is the same that people read everywhere. */
export const CurrentPlan = Type.Object({ plan: Plan, text, converged: Type.Boolean() });

/** What each variable stands for, and where that is from; the first that gives a value counts. */
export const VariableList = Type.Object({
  stacks: Type.Array(
    Type.Object({
      stack: text,
      variables: Type.Array(
        Type.Object({
          name: text,
          value: Type.Union([text, Type.Null()]),
          secret: Type.Boolean({
            description:
              'Chance or a secret is in it: its value is not shown, but perhaps its name.',
          }),
          origin: Type.Enum(['built-in', 'given', 'value', 'resolver', 'default', 'type', 'none']),
          resolver: Type.Optional(text),
          position: Type.Optional(Position),
        }),
      ),
    }),
  ),
});

const Problem = Type.Object({
  severity: Type.Enum(['error', 'warning']),
  code: text,
  message: text,
  position: Position,
  hint: Type.Optional(text),
  stack: Type.Optional(text),
  help: Type.String({
    description: 'Where the code is explained: a page of the documentation and its anchor.',
  }),
  frame: Type.Optional(Type.String({ description: 'The lines around the position, as text.' })),
});

export const DeploySummary = Type.Object({
  id: text,
  grid: text,
  sha: Sha,
  phase: Phase,
  trigger: Type.String({
    description: 'Why the master looked: webhook, poll, watch, request, ...',
  }),
  actor: nullable(Type.String({ description: 'Who asked for it, when a person did.' })),
  message: Type.String({ description: 'One line: what is going on or how it ended.' }),
  progress: Type.Object({ updated: count, wanted: count }),
  problemCount: count,
  createdAt: Time,
  finishedAt: nullable(Time),
  supersededBy: nullable(Type.String({ description: 'Id of the deploy that took over.' })),
});

const TimelineEntry = Type.Object({
  at: Time,
  severity: Severity,
  kind: text,
  /** Instance path, node name, or empty for the deploy as a whole. */
  path: text,
  message: text,
});

/** Why commits are not deployed at the moment. What runs is kept as it is wanted all the same. */
const Closed = Type.Object({
  because: Type.Enum(['frozen', 'denied', 'not-allowed', 'unreviewed']),
  until: nullable(Type.Number({ description: 'When it opens; null: nobody can say.' })),
  message: text,
});

export const Deploy = Type.Object({
  ...DeploySummary.properties,
  /** Present while it waits for that, and `remaining` is what would be done. */
  closed: Type.Optional(Closed),
  plan: nullable(Plan),
  planText: nullable(text),
  /** What the newest look found still to be done; `plan` is all that the deploy set out to do. */
  remaining: nullable(Plan),
  problems: list(Problem),
  timeline: list(TimelineEntry),
});

/** Why the repository cannot be read; the last good revision stays live meanwhile. */
const SourceFault = Type.Object({
  code: text,
  message: text,
  hint: Type.Optional(text),
  since: Time,
});

export const GridStatus = Type.Object({
  name: text,
  repository: Type.Optional(
    Type.String({
      description: 'The one that it is in, by name; absent: in none that is followed.',
    }),
  ),
  head: nullable(Type.String({ description: 'The commit the branch points at.' })),
  deployed: nullable(Type.String({ description: 'The newest commit that converged.' })),
  converged: Type.Boolean({ description: 'Nothing is left to do for the newest good revision.' }),
  deploy: nullable(DeploySummary),
  /** Absent: commits are deployed as they come. */
  closed: Type.Optional(Closed),
  freeze: Type.Optional(
    Type.Object({ until: nullable(Time), reason: text, actor: text, at: Time }),
  ),
  problems: list(Problem),
  /** Stacks from other repositories, as they are wanted now; absent: there are none. */
  foreign: Type.Optional(list(Type.Object({ stack: text, repository: text, sha: text }))),
  fault: nullable(SourceFault),
  counts: Type.Object({
    nodes: count,
    nodesOnline: count,
    services: count,
    wanted: count,
    ready: count,
    failing: count,
    blocked: count,
  }),
});

/** A repository that the master follows. */
export const RepositoryStatus = Type.Object({
  name: text,
  url: Type.String({ description: 'Without a user name or password.' }),
  branch: text,
  holds: Type.Enum(['grids', 'stacks', 'both']),
  head: nullable(Type.String({ description: 'Where its branch was seen last.' })),
  syncedAt: nullable(Time),
  fault: nullable(SourceFault),
  grids: list(Type.String({ description: 'Those that belong to it.' })),
  refused: list(
    Type.Object({
      grid: text,
      owner: Type.String({ description: 'The repository that had it first.' }),
    }),
  ),
  waiting: list(
    Type.String({
      description:
        'Grids that nobody has yet: a repository before this one in the settings was never read.',
    }),
  ),
});

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

const Health = Type.Enum(['healthy', 'starting', 'unhealthy', 'unknown']);

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
});

export const InstanceStatus = Type.Object({
  grid: text,
  ...instanceId,
  /**
   * `running`: ready on the wanted spec · `updating`: another spec is wanted or on its way · `failing`: the newest attempt
   * failed · `stopped`: has a container that does not run · `paused`: somebody has paused it · `missing`: wanted, no container · `blocked`: no node can take it
   * · `unwanted`: no revision wants it any more · `unknown`: its node does not report · `idle`: a job between its runs.
   */
  state: Type.Enum([
    'running',
    'updating',
    'failing',
    'stopped',
    'paused',
    'missing',
    'blocked',
    'unwanted',
    'unknown',
    'idle',
  ]),
  health: Health,
  node: nullable(text),
  containerId: nullable(text),
  specHash: nullable(text),
  wantedSpecHash: nullable(text),
  revision: nullable(Sha),
  startedAt: nullable(Time),
  attempt: nullable(
    Type.Object({
      specHash: text,
      phase: Type.Enum(['pulling', 'creating', 'starting', 'stopping', 'failed']),
      message: text,
      failure: nullable(Failure),
    }),
  ),
  /** Absent: none, or it is being put right. What somebody else has made of it. */
  drift: Type.Optional(Drift),
});

export const GridEvent = Type.Object({
  id: text,
  at: Time,
  grid: text,
  severity: Severity,
  kind: text,
  path: text,
  message: text,
  actor: nullable(text),
});

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

const VolumeStatus = Type.Object({ grid: text, node: text, ...VolumeFacts.properties });
export const VolumeList = Type.Object({
  volumes: list(VolumeStatus),
  /** Nodes that were asked in vain: what they have is not in the list. */
  silent: list(Type.Object({ node: text, reason: text })),
});

const before = nullable(
  Type.String({ description: 'Pass it as `before` for the next, older page; null: no more.' }),
);
export const GridList = Type.Object({ grids: list(GridStatus) });
export const RepositoryList = Type.Object({ repositories: list(RepositoryStatus) });
export const NodeList = Type.Object({ nodes: list(NodeStatus) });
export const ServiceList = Type.Object({ services: list(ServiceStatus) });
export const InstanceList = Type.Object({ instances: list(InstanceStatus) });
export const DeployList = Type.Object({ deploys: list(DeploySummary), before });
export const EventList = Type.Object({ events: list(GridEvent), before });

/** `started: false`: a deploy of the same revision is already going on, and this is it. */
export const DeployStarted = Type.Object({ started: Type.Boolean(), deploy: DeploySummary });

const closed = { additionalProperties: false } as const;
export const ApproveRequest = Type.Object(
  {
    planHash: Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'Hash of the plan that was read: another one is not approved by it.',
    }),
  },
  closed,
);
export const DeployRequest = Type.Object(
  {
    force: Type.Optional(
      Type.Boolean({ description: 'Also while the grid is frozen or outside of its windows.' }),
    ),
  },
  closed,
);
export const FreezeRequest = Type.Object(
  {
    until: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 8_640_000_000_000_000,
        description: 'Milliseconds since the epoch; until it is lifted if absent.',
      }),
    ),
    reason: Type.Optional(
      Type.String({ maxLength: 200, description: 'What for; statuses of commits say it.' }),
    ),
  },
  closed,
);
export const AvailabilityRequest = Type.Object(
  { availability: Type.Enum(['active', 'drain']) },
  closed,
);
export const TokenRequest = Type.Object(
  {
    grid: Name,
    expiresIn: Type.Optional(
      Type.Integer({
        minimum: 60,
        maximum: 30 * 86_400,
        description: 'Seconds; an hour if absent.',
      }),
    ),
  },
  closed,
);
export const Token = Type.Object({
  token: Type.String({ description: 'The join token. It is shown this once.' }),
  grid: text,
  expiresAt: Time,
});

/** One message of the event stream; `event:` says the kind, `data:` is the value. */
export const Update = Type.Union([
  Type.Object({ kind: Type.Literal('deploy'), deploy: DeploySummary }),
  Type.Object({ kind: Type.Literal('event'), event: GridEvent }),
  /** Something that a grid's status shows has changed: ask again. */
  Type.Object({ kind: Type.Literal('grid'), grid: text }),
]);

export type ApiError = Frozen<Type.Static<typeof ApiError>>;
export type Recipient = Frozen<Type.Static<typeof Recipient>>;
export type Version = Frozen<Type.Static<typeof Version>>;
export type VariableList = Frozen<Type.Static<typeof VariableList>>;
export type CurrentPlan = Frozen<Type.Static<typeof CurrentPlan>>;
export type DeployProblem = Frozen<Type.Static<typeof Problem>>;
export type TimelineEntry = Frozen<Type.Static<typeof TimelineEntry>>;
export type DeploySummary = Frozen<Type.Static<typeof DeploySummary>>;
export type Deploy = Frozen<Type.Static<typeof Deploy>>;
export type GridStatus = Frozen<Type.Static<typeof GridStatus>>;
export type RepositoryStatus = Frozen<Type.Static<typeof RepositoryStatus>>;
export type NodeStatus = Frozen<Type.Static<typeof NodeStatus>>;
export type ServiceStatus = Frozen<Type.Static<typeof ServiceStatus>>;
export type InstanceStatus = Frozen<Type.Static<typeof InstanceStatus>>;
export type GridEvent = Frozen<Type.Static<typeof GridEvent>>;
export type RepositoryList = Frozen<Type.Static<typeof RepositoryList>>;
export type GridList = Frozen<Type.Static<typeof GridList>>;
export type NodeList = Frozen<Type.Static<typeof NodeList>>;
export type ServiceList = Frozen<Type.Static<typeof ServiceList>>;
export type InstanceList = Frozen<Type.Static<typeof InstanceList>>;
export type DeployList = Frozen<Type.Static<typeof DeployList>>;
export type EventList = Frozen<Type.Static<typeof EventList>>;
export { JobList, RunRequested };
export type JobList = Frozen<Type.Static<typeof JobList>>;
export type JobStatus = JobList['jobs'][number];
export { Preview, PreviewList, PreviewSummary };
export type Preview = Frozen<Type.Static<typeof Preview>>;
export type PreviewList = Frozen<Type.Static<typeof PreviewList>>;
export type PreviewSummary = Frozen<Type.Static<typeof PreviewSummary>>;
export type RunRequested = Frozen<Type.Static<typeof RunRequested>>;
export type DeployStarted = Frozen<Type.Static<typeof DeployStarted>>;
export type Token = Frozen<Type.Static<typeof Token>>;
export type VolumeList = Frozen<Type.Static<typeof VolumeList>>;
export type NetworkStatus = Frozen<Type.Static<typeof NetworkStatus>>;
export type Update = Frozen<Type.Static<typeof Update>>;

const ajv = new Ajv2020({ strict: true, allErrors: false });

/**
 * An answer of the API as its type. Throws `GridError` `protocol-violation` that names the first fault: another version of
 * the master, or something else that answers at its address.
 */
export function decodeReply<T extends Schema>(schema: T, value: unknown): Decoded<T> {
  const check = ajv.compile(schema);
  if (check(value)) return value as Decoded<T>;
  const fault = check.errors?.[0];
  throw new GridError({
    code: 'protocol-violation',
    message: `the answer is not what this version expects: ${fault?.instancePath || '/'} ${fault?.message ?? 'is invalid'}`,
    hint: 'Compare `gridops --version` with the version of the master, and check that the address is the master itself.',
  });
}
