import type { Drift } from '../model/drift.ts';
import type { JobRun } from '../model/job.ts';
import type { ObservedInstance } from '../model/observed.ts';
import { type AgentMessageOf, MAX_FRAME_BYTES, type Signed } from '../protocol/agent.ts';
import { encode } from '../protocol/codec.ts';
import { Alarm } from '../runtime/alarm.ts';
import type { Clock } from '../runtime/clock.ts';

type Observation = AgentMessageOf<'observation'>;

/** Where the truth comes from. */
export interface ObservationSource {
  readonly generation: () => number;
  readonly all: () => readonly ObservedInstance[];
  /** The last assignment as it was received; `null` before the first. */
  readonly assignment: () => Signed | null;
  /** `null`: it is gone. */
  readonly one: (path: string) => ObservedInstance | null;
  readonly pathOf: (instance: ObservedInstance) => string;
}

export interface ObserverOptions {
  readonly source: ObservationSource;
  readonly clock: Clock;
}

/** An open session's way out. `backlog`: bytes that the network has not taken yet. */
export interface ObservationSink {
  readonly send: (message: Observation | AgentMessageOf<'recalled'>) => void;
  readonly backlog: () => number;
}

/** A start is a handful of changes within milliseconds: they travel together. */
const COALESCE = 15;
/** A master that reads slowly gets fewer, newer observations instead of a growing queue of old ones. */
const BACKLOG_LIMIT = 1024 * 1024;
const BACKLOG_PAUSE = 250;
/** Room for the frame around the instances. */
const FRAME_LIMIT = MAX_FRAME_BYTES - 64 * 1024;

/**
 * Tells the master what is observed: everything when a session opens or it asks, then only what changed. Sequence numbers
 * count within a session from 1. Nothing changed, nothing sent.
 */
export class Observer {
  readonly #source: ObservationSource;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #dirty = new Set<string>();
  #waiting = false;
  #sink: ObservationSink | null = null;
  #sequence = 0;
  /** What the master was told last, as text, by path. */
  #told = new Map<string, string>();

  constructor(options: ObserverOptions) {
    this.#source = options.source;
    this.#clock = options.clock;
    this.#alarm = new Alarm(options.clock, () => this.#flush());
  }

  get isOpen(): boolean {
    return this.#sink !== null;
  }

  /** A new session: sends the complete observation at once. */
  open(sink: ObservationSink, options: { readonly recall: boolean }): void {
    this.#sink = sink;
    this.#sequence = 0;
    this.complete(options);
  }

  close(): void {
    this.#sink = null;
    this.#alarm.clear();
    this.#waiting = false;
    this.#dirty.clear();
  }

  /** Everything, for a master that lost the thread; with `recall` the assignment before it, for one that lost its store. */
  complete({ recall }: { readonly recall: boolean }): void {
    const signed = recall ? this.#source.assignment() : null;
    if (signed !== null) this.#sink?.send({ type: 'recalled', signed });
    const instances = this.#source.all();
    this.#told = new Map(instances.map((one) => [this.#source.pathOf(one), JSON.stringify(one)]));
    this.#dirty.clear();
    this.#send({ complete: true, instances, gone: [] });
  }

  /** What is observed of this path may have changed. */
  touch(path: string): void {
    if (this.#sink === null) return;
    this.#dirty.add(path);
    this.#wait(COALESCE);
  }

  #wait(milliseconds: number): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#alarm.set(this.#clock.now() + milliseconds);
  }

  #flush(): void {
    this.#waiting = false;
    if (this.#sink === null) return;
    if (this.#sink.backlog() > BACKLOG_LIMIT) {
      this.#wait(BACKLOG_PAUSE);
      return;
    }
    const instances: ObservedInstance[] = [];
    const gone: string[] = [];
    for (const path of this.#dirty) this.#compare(path, instances, gone);
    this.#dirty.clear();
    if (instances.length + gone.length > 0) this.#send({ complete: false, instances, gone });
  }

  #compare(path: string, instances: ObservedInstance[], gone: string[]): void {
    const one = this.#source.one(path);
    const text = one === null ? undefined : JSON.stringify(one);
    if (text === this.#told.get(path)) return;
    if (one === null || text === undefined) {
      this.#told.delete(path);
      gone.push(path);
      return;
    }
    this.#told.set(path, text);
    instances.push(one);
  }

  #send(part: {
    readonly complete: boolean;
    readonly instances: readonly ObservedInstance[];
    readonly gone: readonly string[];
  }): void {
    if (this.#sink === null) return;
    this.#sequence += 1;
    const message: Observation = {
      type: 'observation',
      sequence: this.#sequence,
      generation: this.#source.generation(),
      complete: part.complete,
      instances: part.instances.map(bounded),
      gone: [...part.gone],
    };
    this.#sink.send(fitting(message));
  }
}

type WireInstance = Observation['instances'][number];

/** The protocol's bounds: what is too long for it is cut, never refused by the master. */
function bounded(instance: ObservedInstance): WireInstance {
  const { attempt, doneHooks, drift, job, ...rest } = instance;
  const known = {
    ...rest,
    ...(doneHooks === undefined ? {} : { doneHooks: [...doneHooks] }),
    ...(drift === undefined ? {} : { drift: boundedDrift(drift) }),
    ...(job === undefined ? {} : { job: { ...job, runs: job.runs.map(boundedRun) } }),
  };
  if (attempt === null) return { ...known, attempt };
  const { failure } = attempt;
  const message = cut(attempt.message);
  if (failure === null) return { ...known, attempt: { ...attempt, message, failure } };
  const log = failure.log.slice(-20).map(cut);
  return {
    ...known,
    attempt: { ...attempt, message, failure: { ...failure, message: cut(failure.message), log } },
  };
}

function boundedDrift(drift: Drift): NonNullable<WireInstance['drift']> {
  const differences = drift.differences.slice(0, 100).map(({ what, wanted, found }) => ({
    what: what.slice(0, 255),
    wanted: cut(wanted),
    found: cut(found),
  }));
  return { ...drift, differences };
}

function boundedRun(run: JobRun): NonNullable<WireInstance['job']>['runs'][number] {
  return { ...run, message: cut(run.message), log: run.log.slice(-20).map(cut) };
}

function cut(text: string): string {
  return text.length > 4_000 ? `${text.slice(0, 4_000)}…` : text;
}

/** Thousands of failures with their logs can exceed a frame: then the logs stay here. */
function fitting(message: Observation): Observation {
  if (Buffer.byteLength(encode(message)) <= FRAME_LIMIT) return message;
  return { ...message, instances: message.instances.map(withoutLog) };
}

function withoutLog({ job, ...instance }: WireInstance): WireInstance {
  const { attempt } = instance;
  const ofJob =
    job === undefined
      ? {}
      : { job: { ...job, runs: job.runs.map((run) => ({ ...run, log: [] })) } };
  if (attempt === null || attempt.failure === null) return { ...instance, ...ofJob };
  const failure = { ...attempt.failure, log: [] };
  return { ...instance, ...ofJob, attempt: { ...attempt, failure } };
}
