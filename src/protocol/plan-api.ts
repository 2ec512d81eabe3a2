import Type from 'typebox';
import type { Decoded } from './api.ts';
import { count, instanceId, list, Sha, text } from './api-parts.ts';
import { nullable } from './schema-parts.ts';

export const Failure = Type.Object({
  code: text,
  message: text,
  exitCode: nullable(Type.Integer()),
  log: Type.Array(text, { description: "The container's last lines, newest last." }),
  count,
});

const stepFields = { ...instanceId, node: text, reason: text };

const Step = Type.Union([
  Type.Object({ kind: Type.Literal('create'), ...stepFields, specHash: text }),
  Type.Object({
    kind: Type.Literal('replace'),
    ...stepFields,
    specHash: text,
    from: text,
    mode: Type.Enum(['start-first', 'stop-first']),
    because: Type.Optional(
      Type.String({ description: 'What old and new cannot have both: the old one stops first.' }),
    ),
  }),
  Type.Object({ kind: Type.Literal('remove'), ...stepFields, stateful: Type.Boolean() }),
]);

const Excluded = Type.Object({ filter: text, nodes: list(text), reason: text });

/** A service that runs its last good spec again, and why. It diverges from git until a commit changes its spec. */
export const RolledBack = Type.Object({
  ...instanceId,
  node: text,
  failure: Failure,
  specHash: Type.String({ description: 'What the newest revision wants, and what failed.' }),
  revision: Type.String({ description: 'The commit whose spec runs again.' }),
  instances: count,
});

export const Plan = Type.Object({
  grid: text,
  revision: Sha,
  waves: list(Type.Object({ steps: list(Step) })),
  blocked: list(Type.Object({ ...instanceId, reason: text, excluded: list(Excluded) })),
  halted: list(
    Type.Object({
      ...instanceId,
      node: text,
      failure: Failure,
      remaining: count,
      notRolledBack: Type.Optional(
        Type.String({ description: 'Why it is held although it should be rolled back.' }),
      ),
    }),
  ),
  waiting: list(Type.Object({ ...instanceId, reason: text })),
  rolledBack: Type.Optional(list(RolledBack)),
  warnings: list(text),
  confirmation: nullable(Type.Object({ reason: text, removes: list(text) })),
  wanted: count,
  hash: text,
});

/** What the grid's newest good revision still needs; the text is the same that people read everywhere. */
export const CurrentPlan = Type.Object({ plan: Plan, text, converged: Type.Boolean() });

export type CurrentPlan = Decoded<typeof CurrentPlan>;
