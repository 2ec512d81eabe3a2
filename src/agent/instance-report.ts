import type { AssignedInstance } from '../model/assignment.ts';
import type { Drift } from '../model/drift.ts';
import { compareText, type InstanceId, instancePath } from '../model/identity.ts';
import type { Failure, ObservedInstance } from '../model/observed.ts';
import type { AgentEvent } from './agent-event.ts';
import { type Activity, reportedAttempt, servingContainer } from './attempt.ts';
import type { InstanceMemory } from './instance-memory.ts';
import type { InstanceView } from './instance-view.ts';
import { reportedJob } from './job-report.ts';
import type { Surroundings } from './surroundings.ts';

export interface InstanceReportOptions {
  readonly id: InstanceId;
  readonly around: Surroundings;
  readonly memory: InstanceMemory;
  readonly view: InstanceView;
}

/** What others are told of one instance: its observation, and events for its history. */
export class InstanceReport {
  readonly #options: InstanceReportOptions;
  readonly #path: string;
  #activity: Activity | null = null;
  #toldFailure: Failure | null = null;

  constructor(options: InstanceReportOptions) {
    this.#options = options;
    this.#path = instancePath(options.id);
  }

  get activity(): Activity | null {
    return this.#activity;
  }

  /** `null`: nothing is to be done. */
  show(activity: Activity | null): void {
    this.#activity = activity;
    this.#options.around.onChange(this.#path);
  }

  /** `null`: there is nothing of this instance. */
  observe(wanted: AssignedInstance | null, drift: Drift | null): ObservedInstance | null {
    const { id, view, memory } = this.#options;
    const containers = view.snapshots();
    const current = servingContainer({ wanted, containers });
    const done = this.#options.around.hooks.done(this.#path);
    const doneHooks = done.toSorted(compareText);
    const rest = done.length === 0 ? {} : { doneHooks };
    const ofJob = { wanted, activity: this.#activity, failure: memory.failure };
    const job = reportedJob(ofJob, containers, this.#options.around);
    if (job !== null) return { ...id, current: null, ...job };
    const { failure } = memory;
    const attempt = reportedAttempt({ wanted, containers, activity: this.#activity, failure });
    if (current === null && attempt === null && drift === null) return null;
    return { ...id, current, attempt, ...rest, ...(drift === null ? {} : { drift }) };
  }

  /** Of what somebody else did. */
  drifted({ severity, kind, message }: Omit<AgentEvent, 'path'>): void {
    this.#event(severity, kind, message);
  }

  hookFailed(message: string): void {
    this.#event('warning', 'hook-failed', message);
  }

  crashed(message: string): void {
    this.#event('warning', 'instance-crashed', message);
    this.#toldFailure = this.#options.memory.failure;
  }

  /** Tells a failure once, when it is new. */
  tellFailure(): void {
    const { failure } = this.#options.memory;
    if (failure === this.#toldFailure) return;
    this.#toldFailure = failure;
    // That it is stalled is told by who has found it so.
    if (failure !== null && failure.code !== 'stalled')
      this.#event('error', 'instance-failed', failure.message);
  }

  #event(severity: AgentEvent['severity'], kind: string, message: string): void {
    const { around } = this.#options;
    around.log.warn({ instance: this.#path, kind, message }, 'instance event');
    around.onEvent({ severity, kind, path: this.#path, message });
  }
}
