import Type from 'typebox';
import { HookKeys } from './hook-shape.ts';
import { ObservedJob } from './job-shape.ts';
import { count, Hash, instanceId, list, nullable, text } from './schema-parts.ts';

const Failure = Type.Object({
  code: text(64),
  message: text(4_096),
  exitCode: nullable(Type.Integer()),
  log: Type.Array(text(4_096), { maxItems: 20 }),
  count,
});

const Difference = Type.Object({ what: text(255), wanted: text(4_096), found: text(4_096) });

export const Drift = Type.Object({
  state: Type.Union([Type.Literal('reported'), Type.Literal('stalled')]),
  differences: list(Difference, 100),
  count,
  since: Type.Number(),
});

export const ObservedInstance = Type.Object({
  ...instanceId,
  current: nullable(
    Type.Object({
      id: text(128),
      specHash: Hash,
      revision: Hash,
      running: Type.Boolean(),
      ready: Type.Boolean(),
      health: Type.Union([
        Type.Literal('healthy'),
        Type.Literal('starting'),
        Type.Literal('unhealthy'),
        Type.Literal('unknown'),
      ]),
      startedAt: nullable(Type.Number()),
      paused: Type.Optional(Type.Literal(true)),
    }),
  ),
  attempt: nullable(
    Type.Object({
      specHash: Hash,
      phase: Type.Union([
        Type.Literal('pulling'),
        Type.Literal('creating'),
        Type.Literal('starting'),
        Type.Literal('stopping'),
        Type.Literal('failed'),
      ]),
      message: text(4_096),
      failure: nullable(Failure),
    }),
  ),
  doneHooks: Type.Optional(HookKeys),
  drift: Type.Optional(Drift),
  job: Type.Optional(ObservedJob),
});
