import { doc } from './api-replies.ts';
import type { Api, ApiOptions } from './api-route.ts';

/** What the master says of itself. */
export function registerMaster(app: Api, { operations, version, now }: ApiOptions): void {
  app.get('/version', { schema: doc('Version', 'The version of the master') }, () => ({
    version,
    now: now(),
  }));
  app.get(
    '/recipient',
    { schema: doc('Recipient', "The master's public key, which values are sealed for") },
    () => operations.recipient(),
  );
  app.get(
    '/repositories',
    { schema: doc('RepositoryList', 'All repositories that are followed') },
    () => ({ repositories: operations.repositories() }),
  );
}
