import { TokenRequest } from '../protocol/token-api.ts';
import { doc } from './api-replies.ts';
import type { Api, ApiOptions } from './api-route.ts';

const DEFAULT_TOKEN_SECONDS = 3_600;

export function registerTokens(app: Api, { operations }: ApiOptions): void {
  app.post(
    '/tokens',
    { schema: { body: TokenRequest, ...doc('Token', 'Make a join token for one node', 201) } },
    async ({ body }, reply) => {
      const ttl = body.expiresIn ?? DEFAULT_TOKEN_SECONDS;
      return await reply.code(201).send(await operations.createToken(body.grid, ttl));
    },
  );
}
