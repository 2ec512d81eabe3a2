import Type from 'typebox';
import { nullable } from './schema-parts.ts';

/** As Docker names volumes; others' may be longer than it allows today. */
const VolumeName = Type.String({ minLength: 1, maxLength: 1_024 });
const text = Type.String({ maxLength: 255 });

/** Volumes of one node, and what is said of one. */
const MAX_VOLUMES = 10_000;
const MAX_USERS = 1_000;

export const VolumeFacts = Type.Object({
  name: VolumeName,
  driver: text,
  stack: nullable(text),
  service: nullable(text),
  number: nullable(Type.Integer({ minimum: 0 })),
  createdAt: nullable(Type.Number()),
  size: nullable(Type.Number({ minimum: 0 })),
  usedBy: Type.Array(text, { maxItems: MAX_USERS }),
  unusedSince: nullable(Type.Number()),
});

export const Question = Type.Union([
  Type.Object({ kind: Type.Literal('volumes') }),
  Type.Object({ kind: Type.Literal('remove-volume'), volume: VolumeName }),
]);

export const Answer = Type.Union([
  Type.Object({
    kind: Type.Literal('volumes'),
    volumes: Type.Array(VolumeFacts, { maxItems: MAX_VOLUMES }),
  }),
  Type.Object({ kind: Type.Literal('removed') }),
  Type.Object({ kind: Type.Literal('refused'), message: Type.String({ maxLength: 4_096 }) }),
]);
