import {
  type DiskSpace,
  diskText,
  type EngineCondition,
  isLow,
} from '../model/engine-condition.ts';
import { errorMessage } from '../model/error.ts';
import type { AgentMessage } from '../protocol/agent.ts';
import type { Clock } from '../runtime/clock.ts';
import type { AgentEvent } from './agent-event.ts';
import type { Engine } from './containers.ts';

export interface EnginePulseOptions {
  readonly engine: Pick<Engine, 'ping' | 'disk'>;
  readonly clock: Clock;
  readonly onEvent: (event: Omit<AgentEvent, 'path'>) => void;
  /** It answers again after it had been silent: it may be another version by now. */
  readonly onBack: () => void;
  /** Room is short: whenever it was looked at. */
  readonly onLow: () => void;
}

type Send = (message: AgentMessage) => void;

const INTERVAL = 5_000;
/** A restart of Docker takes some seconds, and is no news. */
const SILENT_AFTER = 15_000;
/** One lost answer says nothing, whatever the clock says: it may have been set. */
const SILENT_FAILURES = 2;
const DISK_INTERVAL = 30_000;
/** Of its total: less than this is no news. */
const DISK_STEP = 0.02;
/** A disk at the limit is told about once. */
const CLEARANCE = 1.5;
const REASON_LENGTH = 1_000;

/** Feels whether the Docker engine answers and how much room it has, all the time, and tells the master and the history. */
export class EnginePulse {
  readonly #options: EnginePulseOptions;
  readonly #stopping = new AbortController();
  #beating: Promise<void> = Promise.resolve();
  #condition: EngineCondition;
  #lastAnswer: number;
  #failures = 0;
  #measuredAt: number | null = null;
  #isLow = false;
  #send: Send | null = null;
  /** Of the last message: what changed since is worth another one. */
  #told: EngineCondition | null = null;

  constructor(options: EnginePulseOptions) {
    this.#options = options;
    this.#lastAnswer = options.clock.now();
    this.#condition = { state: 'ok', since: this.#lastAnswer, reason: null, disk: null };
  }

  get condition(): EngineCondition {
    return this.#condition;
  }

  start(): void {
    this.#beating = this.#beat(this.#stopping.signal);
  }

  /** A session with a master that takes such messages. */
  open(send: Send): void {
    this.#send = send;
    this.#tell();
  }

  close(): void {
    this.#send = null;
  }

  /** Does not wait for an engine that hangs. */
  stop(): void {
    this.close();
    this.#stopping.abort(new Error('the agent stops'));
    void this.#beating;
  }

  async #beat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#check(signal);
      await this.#options.clock.sleep(INTERVAL, signal).catch(() => undefined);
    }
  }

  async #check(signal: AbortSignal): Promise<void> {
    try {
      await this.#options.engine.ping();
      if (signal.aborted) return;
      this.#answered();
      this.#measure();
    } catch (error) {
      if (!signal.aborted) this.#failed(errorMessage(error));
    }
  }

  /** Not waited for: a file system may hang where the engine does not. */
  #measure(): void {
    const { engine, clock } = this.#options;
    const now = clock.now();
    if (this.#measuredAt !== null && Math.abs(now - this.#measuredAt) < DISK_INTERVAL) return;
    this.#measuredAt = now;
    engine.disk().then(
      (disk) => this.#measured(disk),
      // The next beat says what is wrong.
      () => undefined,
    );
  }

  #measured(disk: DiskSpace | null): void {
    if (this.#stopping.signal.aborted) return;
    this.#condition = { ...this.#condition, disk };
    if (disk !== null) this.#watchRoom(disk);
    if (isNews(this.#condition, this.#told)) this.#tell();
  }

  #answered(): void {
    const now = this.#options.clock.now();
    const before = this.#condition;
    this.#lastAnswer = now;
    this.#failures = 0;
    const since = before.state === 'ok' ? before.since : now;
    this.#condition = { ...before, state: 'ok', since, reason: null };
    if (before.state === 'silent') this.#back(now - before.since);
    if (isNews(this.#condition, this.#told)) this.#tell();
  }

  #failed(reason: string): void {
    const silentFor = this.#options.clock.now() - this.#lastAnswer;
    this.#failures += 1;
    if (this.#condition.state === 'silent') {
      this.#condition = { ...this.#condition, reason: reason.slice(0, REASON_LENGTH) };
      return;
    }
    if (silentFor < SILENT_AFTER || this.#failures < SILENT_FAILURES) return;
    const since = this.#lastAnswer;
    const told = reason.slice(0, REASON_LENGTH);
    this.#condition = { ...this.#condition, state: 'silent', since, reason: told };
    this.#options.onEvent({
      severity: 'error',
      kind: 'engine-silent',
      message: `the Docker engine has not answered for ${seconds(silentFor)} s, so nobody can say what runs here: ${reason}`,
    });
    this.#tell();
  }

  #back(silentFor: number): void {
    const message = `the Docker engine answers again after ${seconds(silentFor)} s`;
    this.#options.onEvent({ severity: 'info', kind: 'engine-back', message });
    this.#options.onBack();
  }

  #watchRoom(disk: DiskSpace): void {
    if (isLow(disk)) this.#options.onLow();
    if (this.#isLow) {
      this.#isLow = isLow({ ...disk, free: disk.free / CLEARANCE });
      if (!this.#isLow)
        this.#options.onEvent({
          severity: 'info',
          kind: 'disk-enough',
          message: `the disk of the Docker engine has room again: ${diskText(disk)}`,
        });
    } else if (isLow(disk)) {
      this.#isLow = true;
      this.#options.onEvent({
        severity: 'warning',
        kind: 'disk-low',
        message: `the disk of the Docker engine is almost full: ${diskText(disk)}; images can soon not be pulled any more. See what takes it: docker system df`,
      });
    }
  }

  #tell(): void {
    const { state, since, reason, disk } = this.#condition;
    const lasting = Math.max(0, this.#options.clock.now() - since);
    if (this.#send === null) return;
    this.#told = this.#condition;
    this.#send({ type: 'engine', state, lasting, reason, disk });
  }
}

function isNews(now: EngineCondition, told: EngineCondition | null): boolean {
  if (told === null || now.state !== told.state) return true;
  if (now.disk === null || told.disk === null) return now.disk !== told.disk;
  const moved = Math.abs(now.disk.free - told.disk.free);
  return now.disk.total !== told.disk.total || moved > now.disk.total * DISK_STEP;
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 1_000);
}
