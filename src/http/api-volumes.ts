import Type from 'typebox';
import { Name } from '../protocol/schema-parts.ts';
import { doc } from './api-replies.ts';
import { ACTOR, type Api, type ApiOptions, GridParams } from './api-route.ts';

const VolumeParams = Type.Object({
  grid: Name,
  node: Name,
  volume: Type.String({ minLength: 1, maxLength: 1_024 }),
});

const RemovalQuery = Type.Object({
  confirm: Type.String({ maxLength: 1_024, description: 'The name of the volume once more.' }),
});

export function registerVolumes(app: Api, { operations }: ApiOptions): void {
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
