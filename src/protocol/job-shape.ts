import Type from 'typebox';
import { jobBounds } from '../model/job.ts';
import { nullable, text } from './schema-parts.ts';

const RunId = text(200);
const Attempt = Type.Integer({ minimum: 1, maximum: 999_999 });

const rules = {
  timeout: nullable(Type.Number({ minimum: 0 })),
  retries: Type.Integer({ minimum: 0, maximum: jobBounds.retries }),
  history: Type.Integer({ minimum: 1, maximum: jobBounds.history }),
};

export const AssignedJob = Type.Object({
  rules: Type.Union([
    Type.Object({
      kind: Type.Literal('schedule'),
      schedule: text(255),
      timeZone: text(64),
      startWithin: Type.Number({ minimum: 0 }),
      ...rules,
    }),
    Type.Object({ kind: Type.Literal('on-deploy'), ...rules }),
  ]),
  from: Type.Number(),
  request: Type.Optional(text(100)),
  retry: Type.Optional(text(100)),
});

export const JobRun = Type.Object({
  id: RunId,
  attempt: Attempt,
  specHash: text(128),
  revision: text(128),
  startedAt: nullable(Type.Number()),
  finishedAt: Type.Number(),
  exitCode: nullable(Type.Integer()),
  outcome: Type.Union([
    Type.Literal('succeeded'),
    Type.Literal('failed'),
    Type.Literal('stopped'),
    Type.Literal('lost'),
    Type.Literal('missed'),
  ]),
  message: text(4_096),
  log: Type.Array(text(4_096), { maxItems: 20 }),
});

export const RunInProgress = Type.Object({
  id: RunId,
  attempt: Attempt,
  startedAt: nullable(Type.Number()),
});

export const ObservedJob = Type.Object({
  specHash: text(128),
  succeeded: Type.Boolean(),
  running: nullable(RunInProgress),
  nextAt: nullable(Type.Number()),
  runs: Type.Array(JobRun, { maxItems: jobBounds.history }),
});
