import Type from 'typebox';
import { AvailabilityRequest } from '../protocol/node-api.ts';
import { Name } from '../protocol/schema-parts.ts';
import { doc } from './api-replies.ts';
import { ACTOR, type Api, type ApiOptions, GridParams } from './api-route.ts';

const NodeParams = Type.Object({ grid: Name, node: Name });

export function registerNodes(app: Api, { operations }: ApiOptions): void {
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
        body: AvailabilityRequest,
        ...doc('NodeStatus', 'Drain a node, or let it have instances again'),
      },
    },
    ({ params, body }) =>
      operations.setAvailability({ ...params, actor: ACTOR }, body.availability),
  );
  app.get('/nodes', { schema: doc('NodeList', 'Nodes of all grids') }, async () => {
    const grids = await operations.grids();
    const nodes = await Promise.all(grids.map((grid) => operations.nodes(grid.name)));
    return { nodes: nodes.flat() };
  });
}
