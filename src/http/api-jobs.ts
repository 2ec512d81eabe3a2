import Type from 'typebox';
import { Name } from '../protocol/schema-parts.ts';
import { doc } from './api-replies.ts';
import { type Api, type ApiOptions, GridParams } from './api-route.ts';

const JobParams = Type.Object({ grid: Name, stack: Name, service: Name });

export function registerJobs(app: Api, { operations }: ApiOptions): void {
  app.get(
    '/grids/:grid/jobs',
    { schema: { params: GridParams, ...doc('JobList', 'Jobs of a grid and their last runs') } },
    async (request) => ({ jobs: await operations.jobs(request.params.grid) }),
  );
  app.post(
    '/grids/:grid/jobs/:stack/:service/run',
    { schema: { params: JobParams, ...doc('RunRequested', 'Run a job now', 202) } },
    async ({ params: { grid, ...job } }, reply) =>
      await reply.code(202).send(await operations.runJob(grid, job)),
  );
}
