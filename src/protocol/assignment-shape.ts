import Type from 'typebox';
import { Balancing } from './balancing-shape.ts';
import { ContainerSpec } from './container-shape.ts';
import { Delivery } from './delivery-shape.ts';
import { HookKeys } from './hook-shape.ts';
import { AssignedJob } from './job-shape.ts';
import { count, Hash, instanceId, list, Name, nullable, text } from './schema-parts.ts';

/** Of one node, in an assignment and in what is observed. */
export const MAX_INSTANCES = 10_000;

const assignedInstance = {
  ...instanceId,
  stateful: Type.Boolean(),
  spec: ContainerSpec,
  specHash: Hash,
  revision: Hash,
  mode: Type.Union([Type.Literal('start-first'), Type.Literal('stop-first')]),
  doneHooks: Type.Optional(HookKeys),
  balancing: Type.Optional(Balancing),
  drift: Type.Optional(Type.Literal('report')),
};

export const Assignment = Type.Object({
  grid: Name,
  node: Name,
  generation: count,
  roster: list(Name, 10_000),
  instances: list(Type.Object(assignedInstance), MAX_INSTANCES),
  /** Beside the instances: an agent that knows of no jobs must not take one for a service (`codec`). */
  jobs: Type.Optional(list(Type.Object({ ...assignedInstance, job: AssignedJob }), MAX_INSTANCES)),
  kept: list(text(600), 10_000),
  /** Assignments without files, and those of older masters, have none. */
  files: Type.Optional(Delivery),
  secrets: Type.Optional(Type.Record(Type.String(), nullable(text(200_000)))),
  /** An agent that knows of none pulls as anybody can. */
  registries: Type.Optional(
    Type.Record(Type.String(), Type.Object({ username: text(256), password: text(400) })),
  ),
});
