import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { errorMessage } from '../model/error.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { Access } from './access.ts';
import { registerApi } from './api.ts';
import { answerFor, notFound } from './errors.ts';
import { lazySerializers } from './lazy-serializers.ts';
import { type Operations, type Webhook, webhookProviders } from './operations.ts';
import { registerPages } from './page-routes.ts';
import { Requests } from './requests.ts';
import { UpdateStream } from './stream.ts';

export interface HttpOptions {
  readonly operations: Operations;
  readonly webhook: Webhook;
  readonly apiToken: string;
  /** Where browsers reach the pages; https makes their cookie travel over https only. */
  readonly publicUrl: string | null;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface HttpServer {
  /** For `upgrade`: the agents' websockets share the port. */
  readonly server: Server;
  /** Resolves to the base URL. `port: 0` takes any free one. */
  listen(address: { readonly host: string; readonly port: number }): Promise<string>;
  /** Ends streams and idle connections, lets running requests finish for two seconds. Upgraded sockets are their owner's. */
  close(): Promise<void>;
}

const KIB = 1024;
const WEBHOOK_LIMIT = 3 * KIB * KIB;

/** The master's HTTP side: API, pages, webhooks and health on one port, all on top of `operations`. */
export async function createHttpServer(options: HttpOptions): Promise<HttpServer> {
  const app = createApp();
  const running = countRequests(app);
  const stream = new UpdateStream((listener) => options.operations.subscribe(listener));
  const access = new Access(options.apiToken);
  const report = reporter(options.log);
  app.setErrorHandler((error, request, reply) => {
    report(request, error);
    sendError(reply, error);
  });
  registerHealth(app, options.operations);
  await app.register(async (scope) => registerWebhook(scope, options.webhook));
  await app.register(
    async (scope) => {
      await scope.register(swagger, openapi(options.version));
      await registerApi(scope, {
        operations: options.operations,
        stream,
        version: options.version,
        now: () => options.clock.now(),
        isBearer: (header) => access.isBearer(header),
      });
      scope.get('/openapi.json', { schema: { hide: true } }, () => scope.swagger());
      scope.setNotFoundHandler((_request, reply) => reply.code(404).send(notFound.body));
    },
    { prefix: '/api/v1' },
  );
  await app.register(async (scope) =>
    registerPages(scope, {
      operations: options.operations,
      stream,
      access,
      secure: options.publicUrl?.startsWith('https:') === true,
      now: () => options.clock.now(),
      report,
    }),
  );
  await app.ready();
  return {
    server: app.server,
    listen: (address) => listen(app, address),
    close: () => close(app, running, stream),
  };
}

function createApp(): FastifyInstance {
  const app = fastify({
    bodyLimit: 64 * KIB,
    requestTimeout: 30_000,
    keepAliveTimeout: 10_000,
    routerOptions: { maxParamLength: 300 },
    schemaController: { compilersFactory: { buildSerializer: lazySerializers } },
    frameworkErrors: (error, _request, reply) => sendError(reply, error),
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.headers({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
    });
    if (!reply.hasHeader('content-security-policy'))
      reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
  return app;
}

function countRequests(app: FastifyInstance): Requests {
  const running = new Requests();
  app.addHook('onRequest', async () => running.begin());
  app.addHook('onResponse', async () => running.end());
  return running;
}

function reporter(log: Log): (request: FastifyRequest, error: unknown) => void {
  return (request, error) => {
    const { status } = answerFor(error);
    const fields = { method: request.method, route: request.routeOptions.url, status };
    if (status >= 500) log.error({ ...fields, error: errorMessage(error) }, 'request failed');
  };
}

function sendError(reply: FastifyReply, error: unknown): void {
  const { status, body } = answerFor(error);
  void reply.code(status).type('application/json').send(body);
}

function registerHealth(app: FastifyInstance, operations: Operations): void {
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => {
    const ready = operations.ready();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'starting' });
  });
}

/** The signature covers the bytes as they came, so they are handed on unparsed. */
function registerWebhook(app: FastifyInstance, webhook: Webhook): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  for (const provider of webhookProviders)
    app.post(`/webhooks/${provider}`, { bodyLimit: WEBHOOK_LIMIT }, async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const answer = await webhook(plainHeaders(request.headers), body, provider);
      return await reply.code(answer.status).send(answer.body);
    });
}

function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (typeof value === 'string') plain[name] = value;
  return plain;
}

function openapi(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'gridops master', version },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, i) =>
        typeof json['$id'] === 'string' ? json['$id'] : `schema-${i}`,
    },
  };
}

async function listen(
  app: FastifyInstance,
  address: { readonly host: string; readonly port: number },
): Promise<string> {
  await app.listen({ host: address.host, port: address.port });
  const { port } = app.server.address() as AddressInfo;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `http://${host}:${port}`;
}

/** Connections on which nothing was ever asked count as busy for Node; what is waited for is running requests only. */
async function close(app: FastifyInstance, running: Requests, stream: UpdateStream): Promise<void> {
  stream.close();
  const closed = app.close();
  await Promise.race([
    running.none(),
    new Promise((resolve) => setTimeout(resolve, 2_000).unref()),
  ]);
  app.server.closeAllConnections();
  await closed;
}
