import type { Readiness } from '../model/container.ts';
import { errorMessage } from '../model/error.ts';
import type { Health } from '../model/observed.ts';
import type { HealthCheck } from '../model/spec.ts';
import { UNHEALTHY_CHECKS } from '../planner/container-roles.ts';
import type { Clock } from '../runtime/clock.ts';
import type { EngineHealth } from './containers.ts';
import type { Probes, Target } from './probe.ts';

/** What the engine says by itself of a container whose health it checks; `engineHealth` is `null` where it checks nothing. */
export interface EngineVerdict {
  readonly engineHealth: EngineHealth | null;
  readonly engineMessage: string;
}

/** What is asked of one run of one container. */
export interface Subject extends EngineVerdict {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly address: string | null;
  readonly waitForPort: number | null;
  readonly healthCheck: HealthCheck | null;
}

export interface Vitals {
  readonly readiness: Readiness;
  readonly health: Health;
  /** Health checks that failed in a row since it was ready. */
  readonly failedChecks: number;
  /** So many are an illness; absent: `UNHEALTHY_CHECKS`. */
  readonly patience?: number;
  /** Why it is not ready or not healthy, for people; empty when there is nothing to say. */
  readonly message: string;
}

export interface ReadinessOptions {
  readonly subject: Subject;
  readonly probes: Probes;
  readonly clock: Clock;
  /** Milliseconds that it must stay up when nothing else tells that it is ready. */
  readonly steady: number;
  /** Called after each change of the vitals, never from the constructor. */
  readonly onChange: () => void;
}

/** Kontena's limit for wait_for_port (kontena.md 4.7). */
export const READY_LIMIT = 300_000;
/** Most programs that cannot start at all (bad flag, missing file) have exited after a second. */
export const STEADY = 1_000;
/** Between two questions while it starts: quick at first, because most are up within a second. */
const FIRST_PAUSE = 100;
const LAST_PAUSE = 1_000;
const PAUSE_GROWTH = 1.5;
/** More than a question and the pause after it may take, and this, has not passed: somebody has set the clock. */
const SLACK = 10_000;
const PORT_TIMEOUT = 1_000;
/** So many checks, at their interval, may fail after the initial delay before a starting container is given up, unless it says so. */
const STARTING_CHECKS = 3;

/**
 * Watches one run of a container, from its start to its exit: first until it is ready, then its health. What must be
 * seen, in this order: its port accepts, its health check passes, the engine calls it healthy; with none of them it must
 * stay up for `steady`.
 */
export class ReadinessWatch {
  readonly #options: ReadinessOptions;
  readonly #stopping = new AbortController();
  /** Resolves when it was asked once, whatever the answer, or when there is nothing to ask. */
  readonly asked: Promise<void>;
  #vitals: Vitals;
  #verdict: EngineVerdict;
  #decide: () => void = () => undefined;
  #answered: () => void = () => undefined;

  constructor(options: ReadinessOptions) {
    this.#options = options;
    const { healthCheck, engineHealth } = options.subject;
    this.#verdict = options.subject;
    const health = healthCheck === null ? (engineHealth ?? 'unknown') : 'starting';
    const patience = healthCheck?.retries === undefined ? {} : { patience: healthCheck.retries };
    this.#vitals = { readiness: 'pending', health, failedChecks: 0, message: '', ...patience };
    this.asked = new Promise((resolve) => {
      this.#answered = resolve;
    });
    // Adopted long after its start: nothing to wait for, and nobody shall see it as not ready for a moment.
    if (this.#asksNothing()) this.#answered();
    if (this.#isReadyAtOnce()) this.#vitals = ready(this.#vitals);
    else void this.#run().catch(this.#answered);
  }

  get vitals(): Vitals {
    return this.#vitals;
  }

  /** What the engine says now. Its patience is in its own check: the first bad word counts. */
  hear(verdict: EngineVerdict): void {
    const before = this.#verdict;
    this.#verdict = verdict;
    const { engineHealth, engineMessage } = verdict;
    if (engineHealth === null || engineHealth === before.engineHealth) return;
    this.#decide();
    if (this.#vitals.readiness !== 'ready') return;
    if (engineHealth === 'healthy') this.#set(ready({ ...this.#vitals, health: engineHealth }));
    else if (engineHealth === 'unhealthy')
      this.#set({
        ...this.#vitals,
        health: engineHealth,
        failedChecks: this.#vitals.patience ?? UNHEALTHY_CHECKS,
        message: checkMessage(engineMessage),
      });
  }

  stop(): void {
    this.#answered();
    this.#stopping.abort(new Error('stopped'));
  }

  async #run(): Promise<void> {
    const { subject, steady, clock } = this.#options;
    if (this.#needsOnlyTime()) await clock.sleep(steady - this.#uptime(), this.#stopping.signal);
    const passes =
      (await this.#portAccepts()) && (await this.#checkPasses()) && (await this.#engineAgrees());
    if (!passes) {
      this.#set({ ...this.#vitals, readiness: 'expired' });
      return;
    }
    this.#set(ready(this.#vitals));
    if (subject.healthCheck !== null) await this.#follow(subject.healthCheck);
  }

  async #portAccepts(): Promise<boolean> {
    const { waitForPort } = this.#options.subject;
    if (waitForPort === null) return true;
    const limit = READY_LIMIT - this.#uptime();
    return await this.#retry({ limit, timeout: PORT_TIMEOUT }, async () => {
      await this.#tcp(waitForPort, PORT_TIMEOUT);
    });
  }

  /** Failures within the initial delay are not counted; a success within it is. */
  async #checkPasses(): Promise<boolean> {
    const check = this.#options.subject.healthCheck;
    if (check === null) return true;
    const checks = check.retries ?? STARTING_CHECKS;
    const patience = Math.min(READY_LIMIT, checks * check.interval * 1_000);
    const limit = check.initialDelay * 1_000 + patience;
    const timeout = check.timeout * 1_000;
    const passed = await this.#retry({ limit, timeout }, () => this.#check(check));
    this.#vitals = { ...this.#vitals, health: passed ? 'healthy' : 'unhealthy' };
    return passed;
  }

  /** No limit of ours: every check of the engine's ends, and so does its patience. */
  async #engineAgrees(): Promise<boolean> {
    if (this.#verdict.engineHealth === null) return true;
    if (this.#verdict.engineHealth === 'starting')
      await new Promise<void>((resolve) => {
        this.#decide = resolve;
      });
    const { engineHealth, engineMessage } = this.#verdict;
    const health = engineHealth ?? 'unknown';
    const message = health === 'healthy' ? '' : checkMessage(engineMessage);
    this.#vitals = { ...this.#vitals, health, message };
    return health !== 'unhealthy';
  }

  /** Asks until it works or `limit` milliseconds are over; at least once. */
  async #retry(
    { limit, timeout }: { readonly limit: number; readonly timeout: number },
    ask: () => Promise<void>,
  ): Promise<boolean> {
    const { clock } = this.#options;
    const passed = (since: number): number => turnTime(clock.now() - since, timeout);
    let left = limit;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(LAST_PAUSE, pause * PAUSE_GROWTH)) {
      const began = clock.now();
      try {
        await ask();
        return true;
      } catch (error) {
        this.#stopping.signal.throwIfAborted();
        this.#explain(errorMessage(error));
      }
      if (passed(began) >= left) return false;
      await clock.sleep(pause, this.#stopping.signal);
      left -= passed(began);
    }
  }

  async #follow(check: HealthCheck): Promise<never> {
    for (;;) {
      await this.#options.clock.sleep(check.interval * 1_000, this.#stopping.signal);
      try {
        await this.#check(check);
        if (this.#vitals.health !== 'healthy')
          this.#set(ready({ ...this.#vitals, health: 'healthy' }));
      } catch (error) {
        this.#stopping.signal.throwIfAborted();
        const failedChecks = this.#vitals.failedChecks + 1;
        const message = errorMessage(error);
        this.#set({ ...this.#vitals, health: 'unhealthy', failedChecks, message });
      }
    }
  }

  async #check(check: HealthCheck): Promise<void> {
    const timeout = check.timeout * 1_000;
    if (check.protocol === 'tcp') return await this.#tcp(check.port, timeout);
    const target = { ...this.#target(check.port), uri: check.uri };
    return await this.#options.probes.http(target, { timeout, signal: this.#stopping.signal });
  }

  async #tcp(port: number, timeout: number): Promise<void> {
    const signal = this.#stopping.signal;
    await this.#options.probes.tcp(this.#target(port), { timeout, signal });
  }

  #target(port: number): Target {
    const host = this.#options.subject.address;
    if (host === null) throw new Error('it has no address in the grid’s network');
    return { host, port };
  }

  #needsOnlyTime(): boolean {
    return this.#asksNothing() && this.#options.subject.engineHealth === null;
  }

  #asksNothing(): boolean {
    const { waitForPort, healthCheck } = this.#options.subject;
    return waitForPort === null && healthCheck === null;
  }

  #isReadyAtOnce(): boolean {
    if (!this.#asksNothing()) return false;
    const { engineHealth } = this.#options.subject;
    return engineHealth === null
      ? this.#uptime() >= this.#options.steady
      : engineHealth === 'healthy';
  }

  /** Of one that was started before the clock was put back nobody knows. */
  #uptime(): number {
    return Math.max(0, this.#options.clock.now() - this.#options.subject.startedAt);
  }

  /** Told only when it is news: the same answer comes again and again. */
  #explain(message: string): void {
    if (message !== this.#vitals.message) this.#set({ ...this.#vitals, message });
  }

  #set(vitals: Vitals): void {
    this.#answered();
    if (this.#stopping.signal.aborted) return;
    this.#vitals = vitals;
    this.#options.onChange();
  }
}

/** How long it took: a clock that was set meanwhile says nothing of that. */
function turnTime(elapsed: number, timeout: number): number {
  return elapsed < 0 || elapsed > timeout + LAST_PAUSE + SLACK ? 0 : elapsed;
}

function checkMessage(printed: string): string {
  return printed === '' ? 'its health check fails' : `its health check fails: ${printed}`;
}

function ready(vitals: Vitals): Vitals {
  return { ...vitals, readiness: 'ready', failedChecks: 0, message: '' };
}
