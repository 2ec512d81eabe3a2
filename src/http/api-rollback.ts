import { RollbackRequest } from '../protocol/rollback-api.ts';
import { doc } from './api-replies.ts';
import { ACTOR, type Api, type ApiOptions, GridParams } from './api-route.ts';

export function registerRollback(app: Api, { operations }: ApiOptions): void {
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
