import Type from 'typebox';
import { Name } from '../protocol/schema-parts.ts';
import { doc } from './api-replies.ts';
import { type Api, type ApiOptions, GridParams } from './api-route.ts';

const PreviewParams = Type.Object({ id: Name });

export function registerPreviews(app: Api, { operations }: ApiOptions): void {
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
    { schema: { params: PreviewParams, ...doc('Preview', 'What a pull request would do') } },
    (request) => operations.preview(request.params.id),
  );
}
