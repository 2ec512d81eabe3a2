import Type from 'typebox';
import { Name } from '../protocol/schema-parts.ts';
import { doc } from './api-replies.ts';
import { type Api, type ApiOptions, page } from './api-route.ts';
import { tooManyReaders } from './errors.ts';
import { printUpdate } from './stream.ts';

const EventQuery = Type.Object({ ...page, grid: Type.Optional(Name) });

const StreamQuery = Type.Object({ grid: Type.Optional(Name) });

export function registerEvents(app: Api, { operations, stream }: ApiOptions): void {
  app.get(
    '/events',
    { schema: { querystring: EventQuery, ...doc('EventList', 'History, newest first') } },
    ({ query }) =>
      operations.events({
        grid: query.grid ?? null,
        limit: query.limit,
        before: query.before ?? null,
      }),
  );
  app.get(
    '/events/stream',
    { exposeHeadRoute: false, schema: { querystring: StreamQuery, ...streamDoc } },
    ({ query, headers }, reply) => {
      if (stream.isFull) {
        void reply.code(tooManyReaders.status).send(tooManyReaders.body);
        return;
      }
      reply.hijack();
      stream.attach(reply.raw, {
        grid: query.grid ?? null,
        lastEventId: headers['last-event-id']?.toString(),
        print: printUpdate,
      });
    },
  );
}

const streamDoc = {
  summary: 'Deploys and events as they happen (server-sent events)',
  description:
    'Messages `deploy`, `event` and `grid` carry an Update as JSON. After a cut, send the last id as `Last-Event-ID`: ' +
    'what was missed follows, or one `reset`, which means that everything should be read again.',
  produces: ['text/event-stream'],
};
