import { doc } from './api-replies.ts';
import { type Api, type ApiOptions, GridParams } from './api-route.ts';

export function registerNetwork(app: Api, { operations }: ApiOptions): void {
  app.get(
    '/grids/:grid/network',
    { schema: { params: GridParams, ...doc('NetworkStatus', 'How nodes reach each other') } },
    (request) => operations.network(request.params.grid),
  );
}
