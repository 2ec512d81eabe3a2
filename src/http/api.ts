import { Ajv } from 'ajv';
import type { FastifyInstance, FastifySchema, FastifySchemaCompiler } from 'fastify';
import { registerDeploys } from './api-deploys.ts';
import { registerEvents } from './api-events.ts';
import { registerFreeze } from './api-freeze.ts';
import { registerGrids } from './api-grids.ts';
import { registerJobs } from './api-jobs.ts';
import { registerMaster } from './api-master.ts';
import { registerNetwork } from './api-network.ts';
import { registerNodes } from './api-nodes.ts';
import { registerPreviews } from './api-previews.ts';
import { replies } from './api-replies.ts';
import { registerRollback } from './api-rollback.ts';
import type { Api, ApiOptions, SchemaTypes } from './api-route.ts';
import { registerTokens } from './api-tokens.ts';
import { registerVolumes } from './api-volumes.ts';
import { notAuthenticated } from './errors.ts';

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
  registerMaster(app, options);
  registerGrids(app, options);
  registerDeploys(app, options);
  registerFreeze(app, options);
  registerNodes(app, options);
  registerNetwork(app, options);
  registerTokens(app, options);
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
