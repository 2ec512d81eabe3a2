import type { Drift } from './drift.ts';
import type { ErrorCode } from './error.ts';
import type { Availability } from './grid.ts';
import type { HostReport } from './host-report.ts';
import type { InstanceId } from './identity.ts';
import type { ObservedJob } from './job.ts';
import type { NetworkFacts } from './network.ts';
import type { ContainerSpec } from './spec.ts';

/** What a Docker host is, as its agent reports it. Written by agents only. */
export interface NodeFacts {
  readonly labels: readonly string[];
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly engineVersion: string;
  readonly agentVersion: string;
  readonly operatingSystem: string;
  readonly architecture: string;
  readonly volumeDrivers: readonly string[];
  /** Address that ports without an explicit one are published on. */
  readonly publishAddress: string;
  /** Absent: an agent that knows of no networks. */
  readonly network?: NetworkFacts;
  /** Absent: an agent that knows of no jobs, and would take one for a service. */
  readonly jobs?: true;
}

export type Health = 'healthy' | 'starting' | 'unhealthy' | 'unknown';

/** A container of ours on a node, as Docker shows it. */
export interface ObservedContainer {
  readonly id: string;
  readonly specHash: string;
  readonly revision: string;
  readonly running: boolean;
  /** Running and past everything that readiness asks for (port, health, steadiness). */
  readonly ready: boolean;
  readonly health: Health;
  /** Milliseconds since the epoch; `null` before the first start. */
  readonly startedAt: number | null;
  /** Absent: it is not. A paused one is neither running nor ready. */
  readonly paused?: true;
}

export type AttemptPhase = 'pulling' | 'creating' | 'starting' | 'stopping' | 'failed';

/** What the agent is doing to bring an instance to an assigned spec, or how that failed. */
export interface Attempt {
  readonly specHash: string;
  readonly phase: AttemptPhase;
  /** For people: "pulling nginx:1.27: 34 %". */
  readonly message: string;
  readonly failure: Failure | null;
}

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly exitCode: number | null;
  /** The container's last lines, newest last, at most 20. */
  readonly log: readonly string[];
  /** How often it failed in a row; the agent keeps trying with backoff. */
  readonly count: number;
}

export interface ObservedInstance extends InstanceId {
  /** The container that serves; `null` when there is none. */
  readonly current: ObservedContainer | null;
  readonly attempt: Attempt | null;
  /** Keys of its oneshot hooks that have succeeded, sorted; absent where there are none. */
  readonly doneHooks?: readonly string[];
  /** Absent: none, or it is being put right. */
  readonly drift?: Drift;
  /** Of jobs only: they have no container that serves. */
  readonly job?: ObservedJob;
}

/** What the master has assigned to a node: which spec of which instance. Written by the master only. */
export interface AssignedId extends InstanceId {
  readonly specHash: string;
  /** So that a removal is known for what it is also when no revision names the service any more. */
  readonly stateful: boolean;
  /** What it may use while it is there, also when no revision wants it so any more. Absent: not known. */
  readonly spec?: ContainerSpec;
  /** Something besides its spec has changed, and its node is away and has not heard of it. Absent: it has. */
  readonly untold?: true;
}

/**
 * A host node as the planner sees it.
 * `unobserved`: the grid has it, but no agent of it has reported since this master knows of it; what runs there is not known.
 */
export interface ObservedNode {
  readonly name: string;
  readonly status: 'online' | 'offline' | 'unobserved';
  /**
   * Of the last sign of life, or of when the master first heard of it: milliseconds of the clock by which plans are made,
   * which nobody sets.
   */
  readonly lastSeenAt: number;
  readonly availability: Availability;
  readonly facts: NodeFacts | null;
  readonly instances: readonly ObservedInstance[];
  readonly assigned: readonly AssignedId[];
  /** Absent: not known, as of an older agent. */
  readonly host?: HostReport;
  /** Its agent is there, and the Docker engine does not answer it: what was last reported may not be so any more. */
  readonly engineSilence?: { readonly since: number; readonly reason: string };
}

/** What agents last saw running in one grid. */
export interface ObservedState {
  readonly nodes: readonly ObservedNode[];
}
