import Type from 'typebox';
import type { Decoded } from './api.ts';
import { text } from './api-parts.ts';
import { DeploySummary } from './deploy-api.ts';
import { GridEvent } from './event-api.ts';

/** One message of the event stream; `event:` says the kind, `data:` is the value. */
export const Update = Type.Union([
  Type.Object({ kind: Type.Literal('deploy'), deploy: DeploySummary }),
  Type.Object({ kind: Type.Literal('event'), event: GridEvent }),
  /** Something that a grid's status shows has changed: ask again. */
  Type.Object({ kind: Type.Literal('grid'), grid: text }),
]);

export type Update = Decoded<typeof Update>;
