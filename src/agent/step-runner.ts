import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerStep } from '../model/container.ts';
import { GridError } from '../model/error.ts';
import type { InstanceId } from '../model/identity.ts';
import { type Activity, activityOf } from './attempt.ts';
import { execute, laneOf } from './executor.ts';
import type { FailureFacts, InstanceMemory } from './instance-memory.ts';
import type { InstanceView } from './instance-view.ts';
import type { OwnDeeds } from './own-deeds.ts';
import type { Surroundings } from './surroundings.ts';
import type { Work } from './work.ts';

export interface StepRunnerOptions {
  readonly id: InstanceId;
  readonly around: Surroundings;
  readonly memory: InstanceMemory;
  readonly view: InstanceView;
  readonly deeds: OwnDeeds;
  /** What the instance is at, for its report. */
  readonly onActivity: (activity: Activity | null) => void;
  readonly onHookFailed: (message: string) => void;
  readonly onMendRefused: (container: string) => void;
  /** As in `Work`; ends early with the signal. */
  readonly drain: (container: string, signal: AbortSignal) => Promise<void>;
}

export interface RunOptions {
  readonly steps: readonly ContainerStep[];
  readonly instance: AssignedInstance | null;
  /** Asked at every step boundary: false ends the run. */
  readonly isCurrent: () => boolean;
}

/** Carries out one instance's steps, one after the other, each in its lane. */
export class StepRunner {
  readonly #options: StepRunnerOptions;
  readonly #ended = new AbortController();
  #interrupt = new AbortController();

  constructor(options: StepRunnerOptions) {
    this.#options = options;
  }

  /** Ends a pull and a wait in a lane at once. Never a change half way: whoever comes next must find it whole. */
  interrupt(): void {
    this.#interrupt.abort(new Error('superseded by a newer assignment'));
  }

  /** For good: no longer waits for a container to stop either. */
  end(): void {
    this.#ended.abort(new Error('the agent stops'));
    this.#interrupt.abort(this.#ended.signal.reason);
  }

  /**
   * Ends at the first step that fails or is not wanted any more. What a failed step means for the instance is remembered;
   * throws only what says nothing about the instance (the engine does not answer, or refuses to tidy up).
   * Returns whether the view is still right, so that the next decision needs no look at the engine.
   */
  async run({ steps, instance, isCurrent }: RunOptions): Promise<boolean> {
    let seen = true;
    for (const step of steps) {
      this.#interrupt = new AbortController();
      if (!isCurrent() || !(await this.#inLane(step, instance, isCurrent))) return false;
      seen &&= step.kind === 'pull-image' || step.kind === 'create-container';
    }
    return seen;
  }

  async #inLane(
    step: ContainerStep,
    instance: AssignedInstance | null,
    isCurrent: () => boolean,
  ): Promise<boolean> {
    const { signal } = this.#interrupt;
    let begun = false;
    const turn = this.#options.around.lanes[laneOf[step.kind]](async () => {
      if (signal.aborted || !isCurrent()) return false;
      begun = true;
      this.#options.onActivity(activityOf(step));
      return await this.#do(step, instance, signal);
    });
    const passed = new Promise<boolean>((resolve) => {
      signal.addEventListener('abort', () => begun || resolve(false), { once: true });
    });
    return await Promise.race([turn, passed]);
  }

  async #do(
    step: ContainerStep,
    instance: AssignedInstance | null,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { deeds } = this.#options;
    deeds.begin(step);
    const cut = mustEnd(step) ? this.#ended.signal : signal;
    try {
      await execute(step, this.#work(instance, cut));
      return true;
    } catch (error) {
      if (!cut.aborted) await this.#remember(step, instance, error);
      return false;
    } finally {
      deeds.end(step);
    }
  }

  #work(instance: AssignedInstance | null, signal: AbortSignal): Work {
    const { around, memory, view, onActivity } = this.#options;
    const { scope, containers, engine, files, balancers, clock, hooks, jobs, readyContainer } =
      around;
    return {
      scope,
      containers,
      engine,
      files,
      balancers,
      clock,
      memory,
      hooks,
      jobs,
      readyContainer,
      instance,
      signal,
      snapshots: view.snapshots(),
      facts: view.facts,
      hookFacts: view.hookFacts,
      onCreated: (created) => view.update([...view.facts, created]),
      drain: async (container) => await this.#options.drain(container, signal),
      explain: (container) => view.message(container),
      onHookFailed: this.#options.onHookFailed,
      onMendRefused: this.#options.onMendRefused,
      onProgress: (message) => onActivity({ phase: 'pulling', message }),
    };
  }

  async #remember(
    step: ContainerStep,
    instance: AssignedInstance | null,
    error: unknown,
  ): Promise<void> {
    const { memory, around } = this.#options;
    if (!(error instanceof GridError) || saysNothing(error)) throw error;
    if (step.kind === 'create-container' && error.code === 'image-not-found')
      if (memory.imageVanished()) return;
    const facts: FailureFacts = { code: error.code, message: error.message };
    if (step.kind === 'pull-image' || step.kind === 'create-container')
      memory.failed(facts, null, around.clock.now());
    else if (step.kind === 'run-hook' || step.kind === 'start-run')
      memory.failed(facts, step.container, around.clock.now());
    else if (step.kind === 'start-container')
      await this.#startFailed(step.container, instance, facts);
    else throw error;
  }

  async #startFailed(
    container: string,
    instance: AssignedInstance | null,
    facts: FailureFacts,
  ): Promise<void> {
    const { memory, view, around, id } = this.#options;
    const left = await around.containers.find(around.scope, id);
    // Somebody removed it in the meantime: that says nothing about the spec.
    if (!left.some((one) => one.id === container)) return;
    const started = view.snapshots().find((one) => one.id === container);
    // What it was made with (its network) is gone for good: as it is, it will never start again.
    const isHopeless = facts.code === 'not-found' && started?.specHash === instance?.specHash;
    if (started?.served !== true || isHopeless) memory.failed(facts, container, around.clock.now());
    // An old container says nothing about the wanted spec.
    else if (started.specHash === instance?.specHash) memory.restartRefused(facts);
  }
}

/** Of the instance: the engine or the network is not there, whatever the step was. */
function saysNothing({ code }: GridError): boolean {
  return code === 'engine-unreachable' || code === 'network-not-ready';
}

/**
 * What was begun for a container to stop well is brought to its end, whatever is wanted by then; and a oneshot hook: what is
 * wanted may be another container, where it would be run again while it still runs here.
 */
function mustEnd(step: ContainerStep): boolean {
  if (step.kind === 'exec-hook') return step.hook.kind === 'pre-stop' || step.hook.oneshot;
  return step.kind === 'stop-container' || step.kind === 'stop-run';
}
