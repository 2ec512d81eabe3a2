import { FreezeRequest } from '../protocol/freeze-api.ts';
import { doc } from './api-replies.ts';
import { ACTOR, type Api, type ApiOptions, GridParams } from './api-route.ts';

export function registerFreeze(app: Api, { operations }: ApiOptions): void {
  app.put(
    '/grids/:grid/freeze',
    {
      schema: {
        params: GridParams,
        body: FreezeRequest,
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
