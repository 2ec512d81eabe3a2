import type { ContainerSnapshot } from '../model/container.ts';
import type { Interference } from './interference.ts';

/** What an agent remembers of one instance between two looks at it. Lost when the agent restarts but for one: every other value then is 0 or null. */
export interface AttemptHistory {
  /** Failed attempts at the wanted spec since the last reset. */
  readonly failures: number;
  readonly failedAt: number | null;
  /** Containers whose failure was recorded and that only wait for their removal. */
  readonly givenUp: readonly string[];
  /** The container that was started again last, how often in a row, and when. */
  readonly restart: {
    readonly container: string;
    readonly count: number;
    readonly at: number;
  } | null;
  /** When the engine last said that the instance's name is held by a container that is not ours to touch. */
  readonly renameRefusedAt: number | null;
  /** What somebody else did to it, unless that is long over. Alone of all this it outlives the agent. */
  readonly interference: Interference | null;
  /** The container that the engine refused to put right as it runs. */
  readonly mendRefused: string | null;
  /** A person has asked that it is put right once, although what others did is otherwise left as it is. */
  readonly mending: boolean;
}

export const freshHistory: AttemptHistory = {
  failures: 0,
  failedAt: null,
  givenUp: [],
  restart: null,
  renameRefusedAt: null,
  interference: null,
  mendRefused: null,
  mending: false,
};

/** A container that ran this long did not crash because of how it was started: its restarts are counted anew. */
const STEADY_UPTIME = 10_000;
const ATTEMPT_CAP = 300_000;

/** Milliseconds until a failed attempt is repeated: 1 s, doubling up to 5 min. */
export function attemptDelay(failures: number): number {
  return Math.min(ATTEMPT_CAP, 1_000 * 2 ** Math.max(0, Math.min(failures, 20) - 1));
}

/** Restarts that count towards the delay of the next one: none after a run that was long enough. */
export function restartsInARow(container: ContainerSnapshot, history: AttemptHistory): number {
  const { startedAt, finishedAt } = container;
  const last = lastRestart(container, history);
  if (last === null || startedAt === null || finishedAt === null) return last?.count ?? 0;
  // A restart that the engine refused leaves the times of an earlier run behind: they prove nothing.
  const ranLong = startedAt >= last.at && finishedAt - startedAt >= STEADY_UPTIME;
  return ranLong ? 0 : last.count;
}

export function lastRestart(container: ContainerSnapshot, history: AttemptHistory) {
  return history.restart?.container === container.id ? history.restart : null;
}
