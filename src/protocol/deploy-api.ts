import Type from 'typebox';
import type { Decoded } from './api.ts';
import { before, closed, count, list, Severity, Sha, Time, text } from './api-parts.ts';
import { Closed } from './freeze-api.ts';
import { Plan } from './plan-api.ts';
import { Problem } from './problem-api.ts';
import { nullable } from './schema-parts.ts';

const Phase = Type.Enum([
  'queued',
  'planning',
  'running',
  'held',
  'succeeded',
  'failed',
  'superseded',
]);

export const DeploySummary = Type.Object({
  id: text,
  grid: text,
  sha: Sha,
  phase: Phase,
  trigger: Type.String({
    description: 'Why the master looked: webhook, poll, watch, request, ...',
  }),
  actor: nullable(Type.String({ description: 'Who asked for it, when a person did.' })),
  message: Type.String({ description: 'One line: what is going on or how it ended.' }),
  progress: Type.Object({ updated: count, wanted: count }),
  problemCount: count,
  createdAt: Time,
  finishedAt: nullable(Time),
  supersededBy: nullable(Type.String({ description: 'Id of the deploy that took over.' })),
});

const TimelineEntry = Type.Object({
  at: Time,
  severity: Severity,
  kind: text,
  /** Instance path, node name, or empty for the deploy as a whole. */
  path: text,
  message: text,
});

export const Deploy = Type.Object({
  ...DeploySummary.properties,
  /** Present while it waits for that, and `remaining` is what would be done. */
  closed: Type.Optional(Closed),
  plan: nullable(Plan),
  planText: nullable(text),
  /** What the newest look found still to be done; `plan` is all that the deploy set out to do. */
  remaining: nullable(Plan),
  problems: list(Problem),
  timeline: list(TimelineEntry),
});

export const DeployList = Type.Object({ deploys: list(DeploySummary), before });

/** `started: false`: a deploy of the same revision is already going on, and this is it. */
export const DeployStarted = Type.Object({ started: Type.Boolean(), deploy: DeploySummary });

export const ApproveRequest = Type.Object(
  {
    planHash: Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'Hash of the plan that was read: another one is not approved by it.',
    }),
  },
  closed,
);

export const DeployRequest = Type.Object(
  {
    force: Type.Optional(
      Type.Boolean({ description: 'Also while the grid is frozen or outside of its windows.' }),
    ),
  },
  closed,
);

export type DeploySummary = Decoded<typeof DeploySummary>;
export type TimelineEntry = Decoded<typeof TimelineEntry>;
export type Deploy = Decoded<typeof Deploy>;
export type DeployList = Decoded<typeof DeployList>;
export type DeployStarted = Decoded<typeof DeployStarted>;
