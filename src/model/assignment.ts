import type { InstanceId } from './identity.ts';
import type { ReplaceMode } from './plan.ts';
import type { ContainerSpec } from './spec.ts';

/** One instance that a node must run. */
export interface AssignedInstance extends InstanceId {
  readonly stateful: boolean;
  readonly spec: ContainerSpec;
  readonly specHash: string;
  /** The commit whose deploy assigned this spec. */
  readonly revision: string;
  readonly mode: ReplaceMode;
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
}
