import Type from 'typebox';
import { closed, Time, text } from './api-parts.ts';
import { nullable } from './schema-parts.ts';

/** Why commits are not deployed at the moment. What runs is kept as it is wanted all the same. */
export const Closed = Type.Object({
  because: Type.Enum(['frozen', 'denied', 'not-allowed', 'unreviewed']),
  until: nullable(Type.Number({ description: 'When it opens; null: nobody can say.' })),
  message: text,
});

/** What a person has told the master. */
export const Freeze = Type.Object({ until: nullable(Time), reason: text, actor: text, at: Time });

export const FreezeRequest = Type.Object(
  {
    until: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 8_640_000_000_000_000,
        description: 'Milliseconds since the epoch; until it is lifted if absent.',
      }),
    ),
    reason: Type.Optional(
      Type.String({ maxLength: 200, description: 'What for; statuses of commits say it.' }),
    ),
  },
  closed,
);
