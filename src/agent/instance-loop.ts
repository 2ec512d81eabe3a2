import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerSnapshot } from '../model/container.ts';
import { driftText } from '../model/drift.ts';
import { errorMessage } from '../model/error.ts';
import { containerName, type InstanceId, instancePath } from '../model/identity.ts';
import type { ObservedInstance } from '../model/observed.ts';
import type { AttemptHistory } from '../planner/attempt-history.ts';
import type { ContainerDecision, ContainerSituation } from '../planner/container-decision.ts';
import { nextContainerSteps } from '../planner/container-steps.ts';
import { isBeyondMending } from '../planner/drift.ts';
import { Alarm } from '../runtime/alarm.ts';
import type { Log } from '../runtime/log.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import { Caretaker, type Glimpse, type Steps } from './caretaker.ts';
import type { ContainerFacts, ContainerSummary, EngineEvent } from './containers.ts';
import { DriftWatch } from './drift-watch.ts';
import { EngineTrouble } from './engine-trouble.ts';
import { exitMessage } from './exit-message.ts';
import { InstanceMemory } from './instance-memory.ts';
import { InstanceReport } from './instance-report.ts';
import { InstanceView } from './instance-view.ts';
import { jobHistory } from './job-history.ts';
import { lastLines } from './last-lines.ts';
import { OwnDeeds } from './own-deeds.ts';
import { lendersOf } from './placed-instance.ts';
import { STEADY } from './readiness.ts';
import { ShownContainers } from './shown-containers.ts';
import { StepRunner, type StepRunnerOptions } from './step-runner.ts';
import type { Surroundings } from './surroundings.ts';
import { hasSameDrift, isSameWish, specHashOf, type Wish } from './wish.ts';

interface AssignOptions {
  readonly again: boolean;
  readonly asAnother?: boolean;
}

/** After a container crashed twice in a row, being up for a second no longer proves anything. */
const STEADY_AFTER_CRASHES = 10_000;
/** A step that changed nothing is not repeated in a tight loop. */
const REPEAT_PAUSE = 1_000;

/**
 * Keeps one instance as its assignment wants it: look, decide, do the steps, look again, until there is nothing to do.
 *
 * - One round at a time; whatever happens during a round causes one more.
 * - What serves beside steps that take long (a pull, a stop with its grace) is kept serving meanwhile.
 * - A newer assignment takes effect at the next step boundary; a pull and a wait in a lane end at once.
 * - Waiting (readiness, backoff) is not a round: an event, a probe's result or the alarm starts the next one.
 * - Before the first assignment it only looks.
 */
export class InstanceLoop {
  readonly id: InstanceId;
  readonly path: string;
  readonly #around: Surroundings;
  readonly #log: Log;
  readonly #memory = new InstanceMemory();
  readonly #view: InstanceView;
  readonly #deeds = new OwnDeeds();
  readonly #runner: StepRunner;
  readonly #caretaker: Caretaker;
  readonly #report: InstanceReport;
  readonly #rounds: SingleFlight;
  readonly #alarm: Alarm;
  readonly #drift: DriftWatch;
  readonly #shown: ShownContainers;
  /** Resolves after the first look. */
  readonly looked: Promise<void>;
  #onFirstLook: (() => void) | null = null;
  #wanted: Wish | undefined = undefined;
  #version = 0;
  /** What may have changed on the engine, counted; the next round looks when it has not seen all of it. */
  #changes = 0;
  #seen = -1;
  /** What the last decision found missing. */
  #lacked: string | null = null;
  #lastSteps = '';
  readonly #trouble = new EngineTrouble();
  /** While steps were under way. */
  #hasLooked = false;

  constructor(id: InstanceId, around: Surroundings) {
    this.id = { stack: id.stack, service: id.service, number: id.number };
    this.path = instancePath(id);
    this.#around = around;
    this.#log = around.log.child({ instance: this.path });
    this.looked = new Promise((resolve) => {
      this.#onFirstLook = resolve;
    });
    this.#alarm = new Alarm(around.clock, () => this.wake());
    this.#view = new InstanceView({
      path: this.path,
      hooks: around.hooks,
      probes: around.probes,
      clock: around.clock,
      steady: () => (this.#crashes() ? STEADY_AFTER_CRASHES : STEADY),
      // What a container answers changes nothing about what the engine shows.
      onChange: () => this.#wakeUp(),
    });
    const of = { id: this.id, around, memory: this.#memory, view: this.#view, deeds: this.#deeds };
    this.#report = new InstanceReport(of);
    this.#drift = new DriftWatch({
      path: this.path,
      record: around.drifts,
      clock: around.clock,
      deeds: this.#deeds,
      onEvent: (event) => this.#report.drifted(event),
    });
    this.#shown = new ShownContainers(this.id, around.publisher);
    const ofSteps = {
      ...of,
      onHookFailed: (message) => this.#report.hookFailed(message),
      onMendRefused: (container) => this.#drift.mendRefused(container),
      drain: async (container, signal) => {
        await this.#shown.drain(container, this.#view, signal);
      },
    } satisfies Omit<StepRunnerOptions, 'onActivity'>;
    this.#runner = new StepRunner({
      ...ofSteps,
      onActivity: (activity) => this.#report.show(this.#trouble.retold(activity)),
    });
    this.#caretaker = new Caretaker({
      runner: new StepRunner({ ...ofSteps, onActivity: () => undefined }),
      alarm: this.#alarm,
      clock: around.clock,
      look: (underWay) => this.#glance(underWay),
      onSteps: () => {
        this.#changes += 1;
      },
    });
    this.#rounds = new SingleFlight(
      (signal) => this.#round(signal),
      (error) => this.#postpone(error),
    );
  }

  /**
   * `null`: take it away; `kept`: let it be. A newer assignment that wants the same as before changes nothing, least of all
   * the patience with a failing instance: others on this node may be rolled out in many steps. `again`: try it at once.
   * `asAnother`: its image is pulled by another account, so that what failed says nothing of the next attempt.
   */
  assign(wanted: Wish, { again, asAnother = false }: AssignOptions): void {
    const before = this.#wanted;
    this.#wanted = wanted;
    const isFresh = asAnother && this.#mayNeedImage();
    if (!again && !isFresh && isSameWish(before, wanted)) return;
    const sameSpec = specHashOf(wanted) === specHashOf(before);
    this.#memory.reset({ sameSpec: sameSpec && !isFresh });
    const asked = this.#service();
    if (!sameSpec) this.#drift.begin(asked);
    else if (again || !hasSameDrift(before, wanted)) this.#drift.reset(asked, { again });
    this.#version += 1;
    if (!sameSpec || isFresh) this.#runner.interrupt();
    if (!sameSpec) this.#caretaker.interrupt();
    this.wake();
  }

  /** Something may have changed on the engine. */
  wake(): void {
    this.#changes += 1;
    this.#wakeUp();
  }

  /** The engine says that something has happened to a container of it. A step of ours is looked at when it has ended. */
  tell(event: EngineEvent): void {
    if (this.#deeds.isUnderWay(event.container)) return;
    this.#drift.hear(event);
    // Of a kill that hits it tells again.
    if (event.action !== 'kill') this.wake();
  }

  /** The engine went away, and may have stopped everything before. */
  excuse(): void {
    if (this.#drift.excuse()) this.wake();
  }

  /** Whether it was there at the last look. */
  has(container: string): boolean {
    return this.#view.everything.some((one) => one.id === container);
  }

  /** Something may have changed about another instance. */
  hear(): void {
    if (this.#lacking() !== this.#lacked) this.#rounds.wake();
  }

  /** `null`: none is ready now and of the spec that is wanted. */
  get readyContainer(): string | null {
    const wanted = this.#wanted ?? null;
    const specHash = specHashOf(wanted);
    const ready = this.#view.snapshots().filter(isReady);
    const found = ready.find((one) => wanted === 'kept' || one.specHash === specHash);
    return found?.id ?? null;
  }

  /** The newest first; `null`: nobody has looked yet. */
  get runningContainers(): readonly ContainerFacts[] | null {
    if (this.#onFirstLook !== null) return null;
    const running = this.#view.facts.filter((one) => one.phase === 'running');
    return running.toSorted((a, b) => (b.startedAt ?? 0) - (a.startedAt ?? 0));
  }

  /** Whether a full listing shows what was seen at the last look. */
  matches(listed: readonly ContainerSummary[]): boolean {
    return this.#onFirstLook === null && this.#view.matches(listed);
  }

  /** Nothing is wanted and nothing is left. */
  get over(): boolean {
    if (this.#onFirstLook !== null || (this.#wanted ?? null) !== null) return false;
    return this.#view.everything.length === 0;
  }

  observe(): ObservedInstance | null {
    const service = this.#service();
    const drift =
      service === null ? null : this.#drift.observe(service, this.#containers(), this.#history());
    return this.#report.observe(this.#assigned(), drift);
  }

  /** Resolves when every container that was found has answered once, or cannot be asked. */
  async answered(): Promise<void> {
    await this.#view.asked();
  }

  /** Containers run on. Resolves when the step that runs has ended. */
  async stop(): Promise<void> {
    const stopped = Promise.all([this.#rounds.stop(), this.#caretaker.stop()]);
    this.#runner.end();
    this.#onFirstLook?.();
    await stopped;
    this.#alarm.clear();
    this.#view.stop();
  }

  #wakeUp(): void {
    this.#rounds.wake();
    this.#caretaker.wake();
  }

  async #round(signal: AbortSignal): Promise<void> {
    this.#alarm.clear();
    while (!signal.aborted) {
      if (this.#seen !== this.#changes) await this.#look();
      const wanted = this.#wanted;
      if (wanted === undefined) {
        this.#shown.show(this.#view, null);
        return;
      }
      const decision = this.#decide(wanted);
      this.#showDecision(decision);
      this.#shown.show(this.#view, decision);
      if (decision.kind !== 'steps') {
        this.#trouble.over();
        this.#lastSteps = '';
        const until = earliest(decision.until, this.#drift.wakeAt);
        if (until !== null) this.#alarm.set(until);
        return;
      }
      if (this.#repeats(decision)) {
        this.#alarm.set(this.#around.clock.now() + REPEAT_PAUSE);
        return;
      }
      await this.#carryOut(decision, signal);
      this.#trouble.over();
      this.#report.tellFailure();
    }
  }

  async #carryOut(decision: Steps, signal: AbortSignal): Promise<void> {
    const version = this.#version;
    const isCurrent = (): boolean =>
      version === this.#version && !signal.aborted && !this.#caretaker.isOverruled;
    const run = { steps: decision.steps, instance: this.#assigned(), isCurrent };
    // Counted beforehand: a run that throws has changed something all the same.
    this.#changes += 1;
    this.#hasLooked = false;
    try {
      await this.#caretaker.during(decision, async () => {
        if ((await this.#runner.run(run)) && !this.#hasLooked) this.#changes -= 1;
      });
    } finally {
      // What was seen in between was not all of it.
      if (this.#hasLooked) this.#changes += 1;
    }
  }

  /** A look between two steps, or during one. */
  async #glance(underWay: Steps): Promise<Glimpse> {
    if (this.#seen !== this.#changes) await this.#look();
    this.#shown.show(this.#view, underWay);
    const version = this.#version;
    const situation = this.#situation(this.#wanted ?? null, this.#containers());
    return { situation, instance: this.#assigned(), isCurrent: () => version === this.#version };
  }

  async #look(): Promise<void> {
    const { lanes, containers, scope } = this.#around;
    const before = this.#view.facts;
    const changes = this.#changes;
    this.#hasLooked = true;
    const halted = this.#deeds.halted;
    const facts = await lanes.look(() => containers.find(scope, this.id));
    for (const { id, phase } of facts)
      if (phase === 'running' && halted.includes(id)) this.#deeds.disown(id);
    this.#seen = changes;
    this.#view.update(facts);
    const present = new Set(facts.map((one) => one.id));
    this.#memory.prune(present);
    const wanted = this.#service();
    const { givenUp } = this.#memory.history;
    if (wanted !== null) this.#drift.compare(before, this.#view.facts, { wanted, givenUp });
    this.#deeds.prune(present);
    this.#around.hooks.prune(this.path, present);
    this.#onFirstLook?.();
    this.#onFirstLook = null;
    for (const one of facts) {
      const ran = before.some((earlier) => earlier.id === one.id && earlier.phase === 'running');
      const isOurs = this.#deeds.isStopped(one.id);
      if (ran && one.phase === 'exited' && !isOurs && !this.#drift.isLost(one.id))
        await this.#noticeCrash(one);
    }
    this.#around.onChange(this.path);
  }

  async #noticeCrash(facts: ContainerFacts): Promise<void> {
    const container = this.#view.snapshots().find((one) => one.id === facts.id);
    if (container?.served !== true || (this.#wanted ?? null) === null) return;
    const message = exitMessage(facts);
    const wanted = this.#assigned();
    // The old container of an instance that is being replaced says nothing about the wanted spec.
    if (wanted === null || wanted.specHash === facts.specHash) {
      const log = await lastLines(this.#around.containers, facts.id);
      const { exitCode } = facts;
      this.#memory.crashed({ code: 'container-exited', message, exitCode, log }, container);
    }
    this.#report.crashed(message);
  }

  #mayNeedImage(): boolean {
    return this.#memory.failure !== null || this.#report.activity?.phase === 'pulling';
  }

  #assigned(): AssignedInstance | null {
    return typeof this.#wanted === 'object' ? this.#wanted : null;
  }

  /** What others do to a job's runs is a matter of its steps: nobody is served by them. */
  #service(): AssignedInstance | null {
    const assigned = this.#assigned();
    return assigned?.job === undefined ? assigned : null;
  }

  #decide(wanted: Wish): ContainerDecision {
    const containers = this.#containers();
    this.#judge(containers);
    const situation = this.#situation(wanted, containers);
    this.#lacked = situation.lacking;
    return nextContainerSteps(situation);
  }

  #situation(wanted: Wish, containers: readonly ContainerSnapshot[]): ContainerSituation {
    const now = this.#around.clock.now();
    const history = this.#history();
    const hooks = { done: this.#around.hooks.done(this.path), containers: this.#view.hooks() };
    const lacking = this.#lacking();
    const past = jobHistory(this.#assigned(), this.#around);
    const job = past === null ? {} : { past };
    return { wanted, containers, history, hooks, lacking, now, ...job };
  }

  /** What the containers show of the attempt at the wanted spec, and of what others did to it. */
  #judge(containers: readonly ContainerSnapshot[]): void {
    const history = this.#history();
    const specHash = specHashOf(this.#wanted);
    const isRight = (one: ContainerSnapshot): boolean =>
      this.#wanted === 'kept' || (one.specHash === specHash && !isBeyondMending(one, history));
    if (containers.some((one) => isReady(one) && isRight(one))) this.#memory.succeeded();
    const wanted = this.#service();
    if (wanted === null) return;
    const stall = this.#drift.notice(wanted, containers, this.#history());
    if (stall === null) return;
    this.#memory.stalled(driftText({ state: 'stalled', ...stall }), stall.count);
  }

  #containers(): readonly ContainerSnapshot[] {
    return this.#drift.deviating(this.#view.snapshots(), this.#view.facts, this.#service());
  }

  #history(): AttemptHistory {
    return { ...this.#memory.history, ...this.#drift.history };
  }

  /** The first instance that it takes volumes from and that has no container to take them from. */
  #lacking(): string | null {
    const wanted = this.#assigned();
    const lenders = wanted === null ? [] : lendersOf(wanted);
    const lacking = lenders.find((id) => this.#around.readyContainer(id) === null);
    return lacking === undefined ? null : containerName(lacking);
  }

  #crashes(): boolean {
    const { failure } = this.#memory;
    return failure?.code === 'container-exited' && failure.count > 1;
  }

  #repeats(decision: ContainerDecision): boolean {
    const steps = JSON.stringify([this.#version, this.#history(), decision]);
    const repeats = steps === this.#lastSteps;
    this.#lastSteps = repeats ? '' : steps;
    return repeats;
  }

  #showDecision(decision: ContainerDecision): void {
    const phase = this.#wanted === null ? 'stopping' : 'starting';
    if (decision.kind === 'settled') this.#report.show(null);
    else if (decision.kind === 'wait') {
      const why = this.#view.pendingMessage;
      const message = why === '' ? decision.reason : `${decision.reason}: ${why}`;
      this.#report.show({ phase, message });
    } else if (this.#report.activity === null)
      // Steps show themselves when their turn in the lane comes.
      this.#report.show({ phase, message: 'waiting for its turn' });
  }

  /** The engine does not answer, or refuses to tidy up: nothing that says anything about the instance. */
  #postpone(error: unknown): void {
    const { delay, message } = this.#trouble.note(error);
    this.#alarm.set(this.#around.clock.now() + delay);
    const fields = { error: errorMessage(error), retryInMilliseconds: delay };
    if (this.#trouble.isNew)
      this.#log.warn(fields, 'the engine did not do what the instance needs');
    const { activity } = this.#report;
    if (activity !== null) this.#report.show({ ...activity, message });
  }
}

function earliest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function isReady({ phase, readiness }: ContainerSnapshot): boolean {
  return phase === 'running' && readiness === 'ready';
}
