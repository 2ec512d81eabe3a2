import type { GridError } from '../model/error.ts';

export interface Deadline {
  /** The caller's own signal; its reason is thrown as it is. */
  readonly signal: AbortSignal;
  readonly milliseconds: number;
  /** What is thrown when the time is over first. */
  readonly late: () => GridError;
}

/**
 * Runs work that obeys a signal, no longer than allowed. (`AbortSignal.any` would do, but on Node 20 each use stays
 * in memory as long as the longest-lived of its signals, here the master's own.)
 */
export async function withDeadline<T>(
  deadline: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  deadline.signal.throwIfAborted();
  const controller = new AbortController();
  const forward = () => controller.abort(deadline.signal.reason);
  const timer = setTimeout(() => controller.abort(deadline.late()), deadline.milliseconds);
  deadline.signal.addEventListener('abort', forward, { once: true });
  try {
    return await work(controller.signal);
  } catch (error) {
    controller.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    deadline.signal.removeEventListener('abort', forward);
  }
}
