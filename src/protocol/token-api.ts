import Type from 'typebox';
import type { Decoded } from './api.ts';
import { closed, Time, text } from './api-parts.ts';
import { Name } from './schema-parts.ts';

export const TokenRequest = Type.Object(
  {
    grid: Name,
    expiresIn: Type.Optional(
      Type.Integer({
        minimum: 60,
        maximum: 30 * 86_400,
        description: 'Seconds; an hour if absent.',
      }),
    ),
  },
  closed,
);

export const Token = Type.Object({
  token: Type.String({ description: 'The join token. It is shown this once.' }),
  grid: text,
  expiresAt: Time,
});

export type Token = Decoded<typeof Token>;
