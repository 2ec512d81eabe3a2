import { GridError } from '../model/error.ts';

/** What the master needs of a code host. Faults are `GridError` `forge-refused` (never) or `forge-unreachable` (later). */
export interface Forge {
  /** Adds one status to a commit; the newest of a context is the one that counts. Not idempotent in the forge's history. */
  createCommitStatus(repository: RepositoryName, sha: string, status: CommitStatus): Promise<void>;
  /** What Git over https signs in with. Short-lived for apps: ask again for every fetch. */
  gitCredentials(): Promise<{ readonly username: string; readonly password: string }>;
}

export interface RepositoryName {
  readonly owner: string;
  readonly name: string;
}

/** `pending`: deploying; `success`: converged; `failure`: the repository's or a workload's fault; `error`: ours. */
export type CommitState = 'pending' | 'success' | 'failure' | 'error';

export interface CommitStatus {
  readonly state: CommitState;
  readonly context: string;
  /** At most 140 characters, none above U+FFFF. */
  readonly description: string;
  readonly targetUrl: string | null;
}

/** The forge wants to be left alone for a while, by everyone who uses the same credentials. */
export class RateLimited extends GridError {
  /** Seconds. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number) {
    super({ code: 'forge-unreachable', message, retry: 'later' });
    this.retryAfter = retryAfter;
  }
}
