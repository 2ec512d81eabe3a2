import type { AssignedInstance } from '../model/assignment.ts';
import { careMeanwhile } from '../planner/container-care.ts';
import type { ContainerDecision, ContainerSituation } from '../planner/container-decision.ts';
import { nextContainerSteps } from '../planner/container-steps.ts';
import type { Alarm } from '../runtime/alarm.ts';
import type { Clock } from '../runtime/clock.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import { stoppedBy } from './shown-containers.ts';
import type { StepRunner } from './step-runner.ts';

export type Steps = Extract<ContainerDecision, { readonly kind: 'steps' }>;

/** What is known of the instance while steps are under way. */
export interface Glimpse {
  readonly situation: ContainerSituation;
  readonly instance: AssignedInstance | null;
  /** False as soon as something else is wanted. */
  readonly isCurrent: () => boolean;
}

export interface CaretakerOptions {
  /** Of its own: the instance's other one is busy. */
  readonly runner: StepRunner;
  /** The instance's; nobody else sets it while steps are under way. */
  readonly alarm: Alarm;
  readonly clock: Clock;
  /** Looks at the engine where something may have changed. */
  readonly look: (underWay: Steps) => Promise<Glimpse>;
  /** It is about to change something on the engine. */
  readonly onSteps: () => void;
}

/** Most steps are done by then. */
const LONG_STEPS = 1_000;
/** The steps that are under way tell what is wrong with the engine. */
const ENGINE_PAUSE = 5_000;

/** Keeps what serves serving beside steps that take long: a pull, or a stop with its grace. */
export class Caretaker {
  readonly #options: CaretakerOptions;
  readonly #rounds: SingleFlight;
  #underWay: Steps | null = null;
  #isOverruled = false;

  constructor(options: CaretakerOptions) {
    this.#options = options;
    const { alarm, clock } = options;
    this.#rounds = new SingleFlight(
      () => this.#round(),
      () => alarm.set(clock.now() + ENGINE_PAUSE),
    );
  }

  /** Whether the steps that are under way stop what is needed again by now. */
  get isOverruled(): boolean {
    return this.#isOverruled;
  }

  /** Something may have changed. */
  wake(): void {
    if (this.#underWay !== null) this.#rounds.wake();
  }

  /** Ends what it waits for: it was for a spec that is no longer wanted. */
  interrupt(): void {
    this.#options.runner.interrupt();
  }

  /** Carries out what the steps are done with, and takes care meanwhile. */
  async during(steps: Steps, work: () => Promise<void>): Promise<void> {
    const { alarm, clock } = this.#options;
    this.#underWay = steps;
    this.#isOverruled = false;
    alarm.set(clock.now() + LONG_STEPS);
    try {
      await work();
    } finally {
      this.#underWay = null;
      alarm.clear();
      await this.#rounds.idle();
    }
  }

  async stop(): Promise<void> {
    const stopped = this.#rounds.stop();
    this.#options.runner.end();
    await stopped;
  }

  /** What has come to a halt beside the steps that are under way does not wait for their end. */
  async #round(): Promise<void> {
    const { look, alarm, runner, onSteps } = this.#options;
    const underWay = this.#underWay;
    if (underWay === null) return;
    const { situation, instance, isCurrent } = await look(underWay);
    if (this.#underWay !== underWay) return;
    this.#isOverruled = spares(situation, underWay);
    const care = careMeanwhile(situation, underWay.steps);
    if (care.kind !== 'steps') {
      if (care.until !== null) alarm.set(care.until);
      return;
    }
    onSteps();
    const isStill = (): boolean => isCurrent() && this.#underWay === underWay;
    await runner.run({ steps: care.steps, instance, isCurrent: isStill });
    this.wake();
  }
}

/** Whether what is known now stops less of what runs: a successor may be lost before the old one is told to stop. */
function spares(situation: ContainerSituation, underWay: Steps): boolean {
  const stopped = new Set(stoppedBy(nextContainerSteps(situation)));
  const running = situation.containers.filter(({ phase }) => phase === 'running');
  return stoppedBy(underWay).some((id) => !stopped.has(id) && running.some((one) => one.id === id));
}
