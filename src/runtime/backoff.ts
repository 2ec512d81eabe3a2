export interface Backoff {
  /** Milliseconds before the first retry, at most. */
  readonly base: number;
  /** Milliseconds that no delay exceeds. */
  readonly cap: number;
}

/**
 * Full jitter: anywhere between 0 and the exponential bound, so that a thousand agents that lost one master do not come
 * back in one instant. `attempt` counts from 0; `random` is in [0, 1).
 */
export function fullJitter(backoff: Backoff, attempt: number, random: number): number {
  return Math.floor(random * ceiling(backoff, attempt));
}

/** The exponential bound itself, for places where a single actor retries and people wait for it. */
export function ceiling(backoff: Backoff, attempt: number): number {
  return Math.min(backoff.cap, backoff.base * 2 ** Math.min(attempt, 30));
}
