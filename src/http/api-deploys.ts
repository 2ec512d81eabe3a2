import Type from 'typebox';
import { ApproveRequest, DeployRequest } from '../protocol/deploy-api.ts';
import { Name } from '../protocol/schema-parts.ts';
import { doc } from './api-replies.ts';
import { ACTOR, type Api, type ApiOptions, GridParams, PageQuery } from './api-route.ts';
import { answer } from './errors.ts';

const DeployParams = Type.Object({ id: Name });

/** The body came later than the route. */
const OptionalDeployRequest = Type.Union([DeployRequest, Type.Null()]);

export function registerDeploys(app: Api, { operations }: ApiOptions): void {
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
        body: ApproveRequest,
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
