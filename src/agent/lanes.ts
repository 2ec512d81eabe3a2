import { cpus } from 'node:os';
import pLimit from 'p-limit';

/**
 * How much of each kind of work one node does at a time. Waiting (for readiness, for backoff) takes no place in any lane: an
 * instance that does not become ready never holds up another one.
 */
export interface Lanes {
  /** Work that costs the engine CPU time: create, start, remove. */
  readonly change: Lane;
  /** Mostly the network's and the registry's time. */
  readonly pull: Lane;
  /** Mostly the containers' own grace periods. */
  readonly stop: Lane;
  /** Hooks inside of containers, and draining: their own time. Without an end, because none must wait for one that hangs. */
  readonly hook: Lane;
  /** Listing and inspecting. */
  readonly look: Lane;
}

export type Lane = <T>(work: () => Promise<T>) => Promise<T>;

/** Layers of one image already come in parallel; more than this and every pull is slow. */
const PULLS = 3;
const STOPS = 32;
const LOOKS = 8;

/** Invariant of every lane that has an end: first come, first served. */
export function createLanes(changes: number): Lanes {
  return {
    change: lane(changes),
    pull: lane(PULLS),
    stop: lane(STOPS),
    hook: async (work) => await work(),
    look: lane(LOOKS),
  };
}

/**
 * Twice the cores, within 2..8. Measured: starting a container takes about 0.2 s of one core; beyond this nothing gets
 * faster, each single start only gets slower.
 */
export function defaultConcurrency(): number {
  return Math.max(2, Math.min(8, cpus().length * 2));
}

function lane(concurrency: number): Lane {
  const limit = pLimit(concurrency);
  return (work) => limit(work);
}
