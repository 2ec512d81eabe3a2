import type { Balancing } from './balancing.ts';
import type { Delivery } from './delivery.ts';
import { type InstanceId, instancePath } from './identity.ts';
import { type AssignedJob, isSameJob } from './job.ts';
import type { ReplaceMode } from './plan.ts';
import { areSameAccounts, type RegistryAccounts } from './registry-account.ts';
import type { SecretSources } from './secret.ts';
import type { ContainerSpec } from './spec.ts';

/** One instance that a node must run. */
export interface AssignedInstance extends InstanceId {
  readonly stateful: boolean;
  readonly spec: ContainerSpec;
  readonly specHash: string;
  /** The commit whose deploy assigned this spec. */
  readonly revision: string;
  readonly mode: ReplaceMode;
  /**
   * Keys of its oneshot hooks that have succeeded, as far as the master knows: on another node they are not run again. Absent
   * where there are none. No reason to send an assignment: the node that ran them knows, and every new spec carries it.
   */
  readonly doneHooks?: readonly string[];
  /** Of load balancers only. It changes without the container. */
  readonly balancing?: Balancing;
  /** Absent: what somebody else does to it is repaired. Outside of the spec: it changes without the container. */
  readonly drift?: 'report';
  /** Of jobs only. It changes without the container. */
  readonly job?: AssignedJob;
}

/**
 * What one node must run now: numbered, complete, signed. The node removes what is not listed and keeps going by it
 * while the master is away. Written by the master only; a node applies only generations that are newer than its own.
 */
export interface Assignment {
  readonly grid: string;
  readonly node: string;
  readonly generation: number;
  /** The grid's node names: how a master whose store was lost learns which nodes it must hear from. */
  readonly roster: readonly string[];
  readonly instances: readonly AssignedInstance[];
  /**
   * Instance paths that the node leaves as they are: they run something whose spec this master does not know
   * (its store was lost, or the stack is held), so it can neither list them above nor let them be removed.
   */
  readonly kept: readonly string[];
  /** Absent: none. Everything that the instances mount with the kind `files`. */
  readonly files?: Delivery;
  /**
   * Absent: none. What the marks in the instances' specs and accounts stand for: their values travel beside the assignment, sealed for the
   * node, and are in nothing that is kept but the node's own file.
   */
  readonly secrets?: SecretSources;
  /** Absent: none. Those at the registries that the instances' images are from. */
  readonly registries?: RegistryAccounts;
}

/**
 * Whether two assignments, both in the order of instances, want the same of a node. The roster alone is no reason to send:
 * else a thousand nodes that join would cause a million messages. One that wants the same and is sent all the same has
 * everything tried again.
 */
export function wantsTheSame(a: Assignment, b: Assignment): boolean {
  return (
    a.instances.length === b.instances.length &&
    a.instances.every((one, at) => {
      const other = b.instances[at];
      return (
        other !== undefined &&
        instancePath(one) === instancePath(other) &&
        one.specHash === other.specHash &&
        one.balancing?.hash === other.balancing?.hash &&
        one.drift === other.drift &&
        isSameJob(one.job, other.job)
      );
    }) &&
    a.kept.length === b.kept.length &&
    a.kept.every((path, at) => path === b.kept[at]) &&
    areSameAccounts(a.registries, b.registries)
  );
}
