import Type from 'typebox';
import type { Decoded } from './api.ts';
import { Position, text } from './api-parts.ts';

export const Problem = Type.Object({
  severity: Type.Enum(['error', 'warning']),
  code: text,
  message: text,
  position: Position,
  hint: Type.Optional(text),
  stack: Type.Optional(text),
  help: Type.String({
    description: 'Where the code is explained: a page of the documentation and its anchor.',
  }),
  frame: Type.Optional(Type.String({ description: 'The lines around the position, as text.' })),
});

export type DeployProblem = Decoded<typeof Problem>;
