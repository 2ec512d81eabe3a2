import Type from 'typebox';
import type { Decoded } from './api.ts';
import { before, list, Severity, Time, text } from './api-parts.ts';
import { nullable } from './schema-parts.ts';

export const GridEvent = Type.Object({
  id: text,
  at: Time,
  grid: text,
  severity: Severity,
  kind: text,
  path: text,
  message: text,
  actor: nullable(text),
});

export const EventList = Type.Object({ events: list(GridEvent), before });

export type GridEvent = Decoded<typeof GridEvent>;
export type EventList = Decoded<typeof EventList>;
