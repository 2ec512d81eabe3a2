import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import Type from 'typebox';
import { Name } from '../protocol/schema-parts.ts';
import type { Operations } from './operations.ts';
import type { UpdateStream } from './stream.ts';

export interface ApiOptions {
  readonly operations: Operations;
  readonly stream: UpdateStream;
  readonly version: string;
  readonly now: () => number;
  readonly isBearer: (header: string | undefined) => boolean;
}

/** Request types from their schemas. */
export interface SchemaTypes extends FastifyTypeProvider {
  validator: this['schema'] extends Type.TSchema ? Type.Static<this['schema']> : unknown;
}

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  SchemaTypes
>;

/** With one token there is one person; named users come with their own tokens. */
export const ACTOR = 'api';

export const GridParams = Type.Object({ grid: Name });

export const page = {
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }),
  before: Type.Optional(Type.String({ maxLength: 128, description: 'From the page before.' })),
};

export const PageQuery = Type.Object(page);
