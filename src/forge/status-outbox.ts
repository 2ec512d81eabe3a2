import type { CommitStatus } from './forge.ts';

/** A status that a commit is to have. */
export interface WantedStatus extends CommitStatus, StatusKey {}

export interface StatusKey {
  /** `owner/name`. */
  readonly repository: string;
  readonly sha: string;
  readonly context: string;
}

export interface QueuedStatus extends WantedStatus {
  /** Counts the wants of this key; only goes up. */
  readonly version: number;
  /** Failed attempts in a row. */
  readonly attempts: number;
}

/** Where the reporter keeps what is still to be said, one newest state for each key. Times in milliseconds since the epoch. */
export interface StatusOutbox {
  /**
   * False when exactly this is wanted already. A pending state that follows a pending one waits until
   * `progressInterval` milliseconds after the last that was sent, unless a state overtakes it that is more than progress.
   */
  want(
    status: WantedStatus,
    when: { readonly at: number; readonly progressInterval: number },
  ): Promise<boolean>;
  /** Neither sent nor given up, and due at `now`. */
  due(now: number, limit: number): Promise<readonly QueuedStatus[]>;
  /** When the first of those that are not due at `now` will be. */
  nextDueAt(now: number): Promise<number | null>;
  sent(key: StatusKey, version: number, at: number): Promise<void>;
  failed(
    key: StatusKey,
    version: number,
    outcome: { readonly error: string; readonly nextAttemptAt: number },
  ): Promise<void>;
  gaveUp(key: StatusKey, version: number, error: string): Promise<void>;
  /** What was given up and wanted at or after `since` is due again. */
  revive(since: number): Promise<void>;
}
