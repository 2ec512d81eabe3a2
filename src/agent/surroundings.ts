import type { InstanceId } from '../model/identity.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { AgentEvent } from './agent-event.ts';
import type { Containers, Engine, Scope } from './containers.ts';
import type { DriftRecord } from './drift-record.ts';
import type { DeliveredFiles } from './file-store.ts';
import type { HookRecord } from './hook-record.ts';
import type { JobRecord } from './job-record.ts';
import type { Lanes } from './lanes.ts';
import type { LoadBalancers } from './load-balancers.ts';
import type { Probes } from './probe.ts';
import type { Publisher } from './publisher.ts';
import type { SecretStore } from './secret-store.ts';

/** What the loops of all instances of a node share. */
export interface Surroundings {
  readonly scope: Scope;
  readonly containers: Containers;
  readonly engine: Engine;
  readonly probes: Probes;
  readonly publisher: Publisher;
  readonly files: DeliveredFiles;
  readonly secrets: Pick<SecretStore, 'expect' | 'forget'>;
  readonly balancers: Pick<LoadBalancers, 'apply' | 'mountsOf' | 'wake'>;
  readonly lanes: Lanes;
  readonly hooks: HookRecord;
  readonly drifts: DriftRecord;
  readonly jobs: JobRecord;
  readonly clock: Clock;
  readonly log: Log;
  /** Id of an instance's container that is ready, and of the spec that is wanted of it; `null`: it has none now. */
  readonly readyContainer: (id: InstanceId) => string | null;
  /** What is observed of this path may have changed. */
  readonly onChange: (path: string) => void;
  readonly onEvent: (event: AgentEvent) => void;
}
