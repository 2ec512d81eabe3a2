import { doc } from './api-replies.ts';
import { type Api, type ApiOptions, GridParams } from './api-route.ts';

export function registerGrids(app: Api, { operations }: ApiOptions): void {
  app.get('/grids', { schema: doc('GridList', 'All grids and how they are') }, async () => ({
    grids: await operations.grids(),
  }));
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
