import Type from 'typebox';
import type { Decoded } from './api.ts';
import { Position, text } from './api-parts.ts';

/** What each variable stands for, and where that is from; the first that gives a value counts. */
export const VariableList = Type.Object({
  stacks: Type.Array(
    Type.Object({
      stack: text,
      variables: Type.Array(
        Type.Object({
          name: text,
          value: Type.Union([text, Type.Null()]),
          secret: Type.Boolean({
            description:
              'Chance or a secret is in it: its value is not shown, but perhaps its name.',
          }),
          origin: Type.Enum(['built-in', 'given', 'value', 'resolver', 'default', 'type', 'none']),
          resolver: Type.Optional(text),
          position: Type.Optional(Position),
        }),
      ),
    }),
  ),
});

export type VariableList = Decoded<typeof VariableList>;
