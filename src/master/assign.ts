import { type AssignedInstance, type Assignment, wantsTheSame } from '../model/assignment.ts';
import type { DriftPolicy } from '../model/drift.ts';
import type { Grid, Service } from '../model/grid.ts';
import {
  compareInstances,
  compareText,
  type InstanceId,
  instancePath,
  servicePath,
} from '../model/identity.ts';
import type { ObservedInstance } from '../model/observed.ts';
import type { ReplaceMode, Step, StepKind, StepOf } from '../model/plan.ts';
import { type PreparedBalancing, withBalancing } from './balancing.ts';
import { deliveryOf, type Encode } from './delivery.ts';
import { rememberedAmong } from './done-hooks.ts';
import { withDrift } from './drift.ts';
import type { FleetNode } from './fleet.ts';
import { type JobWishes, withJob } from './job-assignment.ts';
import type { Past, Prepared } from './prepare.ts';
import { accountsOf } from './registry-accounts.ts';
import { secretsOf } from './secrets.ts';

export interface AssignInput {
  readonly node: FleetNode;
  /** The steps of one wave that concern this node. */
  readonly steps: readonly Step[];
  /** The desired state's services by path, and the commit that it is of. */
  readonly services: ReadonlyMap<string, Service>;
  readonly revision: string;
  /** By name: commits of stacks that are of others. */
  readonly revisions?: Prepared['revisions'];
  /** What each load balancer has to serve, by its path. */
  readonly balancing: ReadonlyMap<string, PreparedBalancing>;
  /** Stacks of which nothing is known. */
  readonly held: readonly string[];
  readonly roster: readonly string[];
  readonly encode: Encode;
  /** What services last served with, by path: for steps that lead there. Absent: nothing is known of it. */
  readonly past?: Past['services'];
  /** Keys of an instance's oneshot hooks that have succeeded, on whatever node. */
  readonly done: (id: InstanceId) => ReadonlySet<string>;
  /** Absent: repair. What becomes of the drift of services that say nothing. */
  readonly drift?: DriftPolicy | undefined;
  readonly jobs: JobWishes;
  /** The grid's. */
  readonly registries?: Grid['registries'];
}

/**
 * A node's next assignment: the last one with a wave's steps applied. `null` when nothing changes, which is how a step
 * that is already under way is dispatched again without doing anything again.
 */
export function nextAssignment(input: AssignInput): Assignment | null {
  const { node, services, revision, revisions, balancing, held, done, past } = input;
  const before = node.assignment;
  const instances = new Map((before?.instances ?? []).map((known) => [instancePath(known), known]));
  const kept = new Set<string>();
  if (before === null)
    for (const found of node.instances) adopt({ found, services, instances, kept, done });
  else for (const path of before.kept) kept.add(path);
  for (const step of input.steps)
    apply({
      step,
      services,
      instances,
      kept,
      revision: revisions?.get(step.stack) ?? revision,
      done,
      past,
    });

  const had = new Map(before?.instances.map((one) => [instancePath(one), one.job]));
  const wanted = Array.from(instances.values(), (one) =>
    withJob(
      withDrift(withBalancing(one, balancing.get(servicePath(one)), { held }), {
        services,
        policy: input.drift,
      }),
      services.get(servicePath(one)),
      { wishes: input.jobs, before: had.get(instancePath(one)) },
    ),
  ).toSorted(compareInstances);
  const files = deliveryOf(wanted, { services, past, before: before?.files, encode: input.encode });
  const accounts = accountsOf(wanted, input.registries);
  const more = accounts?.secrets ?? {};
  const secrets = secretsOf(wanted, { services, past, balancing, before: before?.secrets, more });
  const next: Assignment = {
    grid: node.grid,
    node: node.name,
    generation: (before?.generation ?? 0) + 1,
    roster: input.roster,
    instances: wanted,
    kept: [...kept].toSorted(compareText),
    ...(files === null ? {} : { files }),
    ...(secrets === null ? {} : { secrets }),
    ...(accounts === null ? {} : { registries: accounts.registries }),
  };
  return before !== null && wantsTheSame(before, next) ? null : next;
}

/** Steps as their nodes will carry them out, in the order of the wave. */
export function stepsByNode(steps: readonly Step[]): ReadonlyMap<string, Step[]> {
  const nodes = new Map<string, Step[]>();
  for (const step of steps) {
    const same = nodes.get(step.node);
    if (same === undefined) nodes.set(step.node, [step]);
    else same.push(step);
  }
  return nodes;
}

interface Draft {
  readonly services: ReadonlyMap<string, Service>;
  readonly instances: Map<string, AssignedInstance>;
  readonly kept: Set<string>;
  readonly done: AssignInput['done'];
}

/**
 * An assignment is complete: what it does not list is removed. So a container that this master never assigned (its store
 * was lost and the node's memory too) is listed with the spec it runs when that is known, and else kept as it is.
 */
function adopt(context: Draft & { found: ObservedInstance }): void {
  const { found, services, instances, kept, done } = context;
  const path = instancePath(found);
  const runs = found.current?.specHash ?? found.job?.specHash;
  if (instances.has(path) || runs === undefined) return;
  const service = services.get(servicePath(found));
  if (service?.specHash !== runs) {
    kept.add(path);
    return;
  }
  instances.set(
    path,
    assigned({
      id: found,
      service,
      revision: found.current?.revision ?? found.job?.runs.at(-1)?.revision ?? '',
      mode: 'stop-first',
      done,
    }),
  );
}

interface Change extends Draft {
  readonly revision: string;
  readonly past: AssignInput['past'];
}

type Effects = {
  [K in StepKind]: (step: StepOf<K>, context: Change) => void;
};

/** Total over the kinds of steps: a new kind does not compile until it can be dispatched. */
const effects: Effects = {
  create: (step, context) => put(step, 'stop-first', context),
  replace: (step, context) => put(step, step.mode, context),
  remove: (step, { instances, kept }) => {
    instances.delete(instancePath(step));
    kept.delete(instancePath(step));
  },
};

function apply(context: Change & { step: Step }): void {
  const effect = effects[context.step.kind] as (step: Step, draft: typeof context) => void;
  effect(context.step, context);
}

function put(step: StepOf<'create'> | StepOf<'replace'>, mode: ReplaceMode, context: Change): void {
  const path = instancePath(step);
  const past = context.past?.get(servicePath(step));
  const isPast = past?.definition.specHash === step.specHash;
  const service = isPast ? past.definition : context.services.get(servicePath(step));
  context.kept.delete(path);
  if (service === undefined || context.instances.get(path)?.specHash === service.specHash) return;
  const { done } = context;
  const revision = isPast ? past.revision : context.revision;
  context.instances.set(path, assigned({ id: step, service, revision, mode, done }));
}

function assigned(of: {
  id: { readonly number: number };
  service: Service;
  revision: string;
  mode: ReplaceMode;
  done: AssignInput['done'];
}): AssignedInstance {
  const { service } = of;
  const id = { stack: service.stack, service: service.name, number: of.id.number };
  const doneHooks = rememberedAmong(service, of.done(id));
  return {
    ...id,
    stateful: service.stateful,
    spec: service.spec,
    specHash: service.specHash,
    revision: of.revision,
    mode: of.mode,
    ...(doneHooks.length === 0 ? {} : { doneHooks }),
  };
}
