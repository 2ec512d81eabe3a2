import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerSnapshot } from '../model/container.ts';
import type { InstanceId } from '../model/identity.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ContainerFacts, Containers, Engine, Scope } from './containers.ts';
import type { DeliveredFiles } from './file-store.ts';
import type { HookRecord } from './hook-record.ts';
import type { InstanceMemory } from './instance-memory.ts';
import type { JobRecord } from './job-record.ts';
import type { LoadBalancers } from './load-balancers.ts';

/** What the effects of one instance's steps work on. */
export interface Work {
  readonly scope: Scope;
  readonly containers: Containers;
  readonly engine: Engine;
  readonly files: DeliveredFiles;
  readonly balancers: Pick<LoadBalancers, 'mountsOf'>;
  readonly clock: Clock;
  readonly memory: InstanceMemory;
  readonly hooks: HookRecord;
  readonly jobs: JobRecord;
  /** As in `Surroundings`. */
  readonly readyContainer: (id: InstanceId) => string | null;
  /** `null` while the instance is taken away. */
  readonly instance: AssignedInstance | null;
  readonly snapshots: readonly ContainerSnapshot[];
  readonly facts: readonly ContainerFacts[];
  /** Of the containers that run its hooks. */
  readonly hookFacts: readonly ContainerFacts[];
  /** A new container, as the engine would show it: there is no need to ask. */
  readonly onCreated: (facts: ContainerFacts) => void;
  /** Resolves when nobody finds the container any more. */
  readonly drain: (container: string) => Promise<void>;
  /** Why a container is not ready. */
  readonly explain: (container: string) => string;
  readonly onProgress: (message: string) => void;
  /** The engine does not change it back while it runs. */
  readonly onMendRefused: (container: string) => void;
  /** A hook failed that stops nothing. */
  readonly onHookFailed: (message: string) => void;
  /** Aborted when the step is no longer wanted. Only waiting is cut short by it, never a change half way. */
  readonly signal: AbortSignal;
}
