import { Ajv } from 'ajv';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifySchema,
  FastifySchemaCompiler,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import Type from 'typebox';
import * as wire from '../protocol/api.ts';
import { Rollback, RollbackRequest } from '../protocol/rollback-api.ts';
import { Name } from '../protocol/shape.ts';
import { answer, notAuthenticated, tooManyReaders } from './errors.ts';
import type { Operations } from './operations.ts';
import { printUpdate, type UpdateStream } from './stream.ts';

export interface ApiOptions {
  readonly operations: Operations;
  readonly stream: UpdateStream;
  readonly version: string;
  readonly now: () => number;
  readonly isBearer: (header: string | undefined) => boolean;
}

/** Request types from their schemas. */
interface SchemaTypes extends FastifyTypeProvider {
  validator: this['schema'] extends Type.TSchema ? Type.Static<this['schema']> : unknown;
}

type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  SchemaTypes
>;

/** With one token there is one person; named users come with their own tokens. */
const ACTOR = 'api';
const DEFAULT_TOKEN_SECONDS = 3_600;

const replies = {
  ApiError: wire.ApiError,
  Version: wire.Version,
  Recipient: wire.Recipient,
  GridList: wire.GridList,
  RepositoryList: wire.RepositoryList,
  GridStatus: wire.GridStatus,
  NodeList: wire.NodeList,
  NodeStatus: wire.NodeStatus,
  ServiceList: wire.ServiceList,
  InstanceList: wire.InstanceList,
  CurrentPlan: wire.CurrentPlan,
  VariableList: wire.VariableList,
  DeployList: wire.DeployList,
  Deploy: wire.Deploy,
  DeploySummary: wire.DeploySummary,
  DeployStarted: wire.DeployStarted,
  EventList: wire.EventList,
  Token: wire.Token,
  NetworkStatus: wire.NetworkStatus,
  VolumeList: wire.VolumeList,
  JobList: wire.JobList,
  RunRequested: wire.RunRequested,
  PreviewList: wire.PreviewList,
  Preview: wire.Preview,
  Rollback,
};

const GridParams = Type.Object({ grid: Name });
const NodeParams = Type.Object({ grid: Name, node: Name });
const VolumeParams = Type.Object({
  grid: Name,
  node: Name,
  volume: Type.String({ minLength: 1, maxLength: 1_024 }),
});
const RemovalQuery = Type.Object({
  confirm: Type.String({ maxLength: 1_024, description: 'The name of the volume once more.' }),
});
const JobParams = Type.Object({ grid: Name, stack: Name, service: Name });
const DeployParams = Type.Object({ id: Name });
const page = {
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }),
  before: Type.Optional(Type.String({ maxLength: 128, description: 'From the page before.' })),
};
const PageQuery = Type.Object(page);
const EventQuery = Type.Object({ ...page, grid: Type.Optional(Name) });
/** The body came later than the route. */
const OptionalDeployRequest = Type.Union([wire.DeployRequest, Type.Null()]);
const StreamQuery = Type.Object({ grid: Type.Optional(Name) });

/**
 * The routes of `/api/v1`. Each only translates: request → operation → reply. Replies go through their schema, which is an
 * allow-list. Everything here, unknown addresses included, needs the bearer token.
 */
export async function registerApi(root: FastifyInstance, options: ApiOptions): Promise<void> {
  const app: Api = root.withTypeProvider<SchemaTypes>();
  app.addHook('onRequest', async (request, reply) => {
    if (options.isBearer(request.headers.authorization)) return;
    const { status, body } = notAuthenticated;
    await reply.code(status).header('www-authenticate', 'Bearer realm="gridops"').send(body);
  });
  for (const [name, schema] of Object.entries(replies)) app.addSchema({ ...schema, $id: name });
  app.setValidatorCompiler(strictBodies());
  registerReading(app, options);
  registerDeploys(app, options);
  registerFreeze(app, options);
  registerNodes(app, options);
  registerJobs(app, options);
  registerEvents(app, options);
  registerVolumes(app, options);
  registerPreviews(app, options);
  registerRollback(app, options);
}

/**
 * A query is text by nature and is read as numbers where its schema says so; a body is taken as it is or refused. (Fastify's
 * own way is to change bodies until they fit and to drop what no schema names.)
 */
function strictBodies(): FastifySchemaCompiler<FastifySchema> {
  const body = new Ajv({ strict: true });
  const text = new Ajv({ strict: true, coerceTypes: true, useDefaults: true });
  return ({ schema, httpPart }) => (httpPart === 'body' ? body : text).compile(schema);
}

function registerReading(app: Api, { operations, version, now }: ApiOptions): void {
  app.get('/version', { schema: doc('Version', 'The version of the master') }, () => ({
    version,
    now: now(),
  }));
  app.get(
    '/recipient',
    { schema: doc('Recipient', "The master's public key, which values are sealed for") },
    () => operations.recipient(),
  );
  app.get('/grids', { schema: doc('GridList', 'All grids and how they are') }, async () => ({
    grids: await operations.grids(),
  }));
  app.get(
    '/repositories',
    { schema: doc('RepositoryList', 'All repositories that are followed') },
    () => ({ repositories: operations.repositories() }),
  );
  app.get(
    '/grids/:grid',
    { schema: { params: GridParams, ...doc('GridStatus', 'How a grid is') } },
    (request) => operations.grid(request.params.grid),
  );
  app.get(
    '/grids/:grid/services',
    { schema: { params: GridParams, ...doc('ServiceList', 'Services of a grid') } },
    async (request) => ({ services: await operations.services(request.params.grid) }),
  );
  app.get(
    '/grids/:grid/instances',
    { schema: { params: GridParams, ...doc('InstanceList', 'Instances and what runs of them') } },
    async (request) => ({ instances: await operations.instances(request.params.grid) }),
  );
  app.get(
    '/grids/:grid/plan',
    { schema: { params: GridParams, ...doc('CurrentPlan', 'What a grid still needs') } },
    (request) => operations.plan(request.params.grid),
  );
  app.get(
    '/grids/:grid/variables',
    { schema: { params: GridParams, ...doc('VariableList', 'Variables and where they are from') } },
    (request) => operations.variables(request.params.grid),
  );
}

function registerDeploys(app: Api, { operations }: ApiOptions): void {
  app.get(
    '/grids/:grid/deploys',
    { schema: { params: GridParams, querystring: PageQuery, ...doc('DeployList', 'Deploys') } },
    ({ params, query }) =>
      operations.deploys(params.grid, { limit: query.limit, before: query.before ?? null }),
  );
  app.post(
    '/grids/:grid/deploys',
    {
      schema: {
        params: GridParams,
        body: OptionalDeployRequest,
        ...doc('DeployStarted', 'Deploy what the branch points at, again', 202),
      },
    },
    async ({ params, body }, reply) => {
      const by = { actor: ACTOR, force: body?.force === true };
      return await reply.code(202).send(await operations.redeploy(params.grid, by));
    },
  );
  app.get(
    '/deploys/:id',
    { schema: { params: DeployParams, ...doc('Deploy', 'A deploy: plan, timeline, problems') } },
    (request) => operations.deploy(request.params.id),
  );
  app.post(
    '/deploys/:id/approve',
    {
      schema: {
        params: DeployParams,
        body: wire.ApproveRequest,
        ...doc('DeploySummary', 'Confirm the plan of a held deploy', 202),
      },
    },
    async ({ params, body }, reply) => {
      const { kind, deploy } = await operations.approve(params.id, body.planHash, ACTOR);
      const refusal = refusals[kind];
      if (refusal !== null) return await reply.code(refusal.status).send(refusal.body);
      return await reply.code(202).send(deploy);
    },
  );
}

function registerFreeze(app: Api, { operations }: ApiOptions): void {
  app.put(
    '/grids/:grid/freeze',
    {
      schema: {
        params: GridParams,
        body: wire.FreezeRequest,
        ...doc('GridStatus', 'Deploy no commits until a time, or until it is lifted'),
      },
    },
    ({ params, body: { until = null, reason = '' } }) =>
      operations.freeze(params.grid, { until, reason }, ACTOR),
  );
  app.delete(
    '/grids/:grid/freeze',
    { schema: { params: GridParams, ...doc(null, 'Deploy commits again', 204) } },
    async ({ params }, reply) => {
      await operations.unfreeze(params.grid, ACTOR);
      return await reply.code(204).send();
    },
  );
}

const refusals = {
  approved: null,
  changed: answer(
    409,
    'plan-changed',
    'the plan is no longer the one that was approved',
    'Read the new plan and approve that.',
  ),
  'not-held': answer(409, 'not-held', 'this deploy does not wait for an approval'),
};

function registerRollback(app: Api, { operations }: ApiOptions): void {
  app.post(
    '/grids/:grid/rollback',
    {
      schema: {
        params: GridParams,
        body: RollbackRequest,
        ...doc('Rollback', 'Go back to an earlier commit, by a new commit or a pull request'),
      },
    },
    ({ params, body }) => operations.rollback(params.grid, body, ACTOR),
  );
}

function registerVolumes(app: Api, { operations }: ApiOptions): void {
  app.get(
    '/grids/:grid/volumes',
    { schema: { params: GridParams, ...doc('VolumeList', 'Volumes of a grid, on all its nodes') } },
    (request) => operations.volumes(request.params.grid),
  );
  app.delete(
    '/grids/:grid/nodes/:node/volumes/:volume',
    {
      schema: {
        params: VolumeParams,
        querystring: RemovalQuery,
        ...doc(null, 'Remove a volume that nothing uses, with all that is in it', 204),
      },
    },
    async ({ params, query }, reply) => {
      await operations.removeVolume({ ...params, ...query, actor: ACTOR });
      return await reply.code(204).send();
    },
  );
}

function registerJobs(app: Api, { operations }: ApiOptions): void {
  app.get(
    '/grids/:grid/jobs',
    { schema: { params: GridParams, ...doc('JobList', 'Jobs of a grid and their last runs') } },
    async (request) => ({ jobs: await operations.jobs(request.params.grid) }),
  );
  app.post(
    '/grids/:grid/jobs/:stack/:service/run',
    { schema: { params: JobParams, ...doc('RunRequested', 'Run a job now', 202) } },
    async ({ params: { grid, ...job } }, reply) =>
      await reply.code(202).send(await operations.runJob(grid, job)),
  );
}

function registerPreviews(app: Api, { operations }: ApiOptions): void {
  app.get(
    '/grids/:grid/previews',
    {
      schema: {
        params: GridParams,
        ...doc('PreviewList', 'What open pull requests would do to a grid'),
      },
    },
    async (request) => ({ previews: await operations.previews(request.params.grid) }),
  );
  app.get(
    '/previews/:id',
    { schema: { params: DeployParams, ...doc('Preview', 'What a pull request would do') } },
    (request) => operations.preview(request.params.id),
  );
}

function registerNodes(app: Api, { operations }: ApiOptions): void {
  app.get(
    '/grids/:grid/nodes',
    { schema: { params: GridParams, ...doc('NodeList', 'Nodes of a grid') } },
    async (request) => ({ nodes: await operations.nodes(request.params.grid) }),
  );
  app.delete(
    '/grids/:grid/nodes/:node',
    { schema: { params: NodeParams, ...doc(null, 'Forget a node that is gone for good', 204) } },
    async ({ params }, reply) => {
      await operations.removeNode(params.grid, params.node);
      return await reply.code(204).send();
    },
  );
  app.put(
    '/grids/:grid/nodes/:node/availability',
    {
      schema: {
        params: NodeParams,
        body: wire.AvailabilityRequest,
        ...doc('NodeStatus', 'Drain a node, or let it have instances again'),
      },
    },
    ({ params, body }) =>
      operations.setAvailability({ ...params, actor: ACTOR }, body.availability),
  );
  app.get(
    '/grids/:grid/network',
    { schema: { params: GridParams, ...doc('NetworkStatus', 'How nodes reach each other') } },
    (request) => operations.network(request.params.grid),
  );
  app.get('/nodes', { schema: doc('NodeList', 'Nodes of all grids') }, async () => {
    const grids = await operations.grids();
    const nodes = await Promise.all(grids.map((grid) => operations.nodes(grid.name)));
    return { nodes: nodes.flat() };
  });
  app.post(
    '/tokens',
    { schema: { body: wire.TokenRequest, ...doc('Token', 'Make a join token for one node', 201) } },
    async ({ body }, reply) => {
      const ttl = body.expiresIn ?? DEFAULT_TOKEN_SECONDS;
      return await reply.code(201).send(await operations.createToken(body.grid, ttl));
    },
  );
}

function registerEvents(app: Api, { operations, stream }: ApiOptions): void {
  app.get(
    '/events',
    { schema: { querystring: EventQuery, ...doc('EventList', 'History, newest first') } },
    ({ query }) =>
      operations.events({
        grid: query.grid ?? null,
        limit: query.limit,
        before: query.before ?? null,
      }),
  );
  app.get(
    '/events/stream',
    { exposeHeadRoute: false, schema: { querystring: StreamQuery, ...streamDoc } },
    ({ query, headers }, reply) => {
      if (stream.isFull) {
        void reply.code(tooManyReaders.status).send(tooManyReaders.body);
        return;
      }
      reply.hijack();
      stream.attach(reply.raw, {
        grid: query.grid ?? null,
        lastEventId: headers['last-event-id']?.toString(),
        print: printUpdate,
      });
    },
  );
}

/** Documentation and reply schema of a route: `name` is the reply's, `null` for an empty one. */
function doc(name: keyof typeof replies | null, summary: string, status = 200) {
  const body = name === null ? { type: 'null', description: 'Done.' } : ref(name, summary);
  return {
    summary,
    response: {
      [status]: body,
      '4xx': ref('ApiError', 'Refused'),
      '5xx': ref('ApiError', 'Failed'),
    },
  };
}

function ref(name: keyof typeof replies, description: string) {
  return { description, $ref: `${name}#` };
}

const streamDoc = {
  summary: 'Deploys and events as they happen (server-sent events)',
  description:
    'Messages `deploy`, `event` and `grid` carry an Update as JSON. After a cut, send the last id as `Last-Event-ID`: ' +
    'what was missed follows, or one `reset`, which means that everything should be read again.',
  produces: ['text/event-stream'],
};
