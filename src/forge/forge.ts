import { GridError } from '../model/error.ts';

/**
 * What the master needs of a code host. Faults are `GridError` `forge-refused` (never) or `forge-unreachable` (later), and
 * `RateLimited`. Every request is sent once: whoever keeps what is still to be said (the outbox) also says it again.
 */
export interface Forge {
  readonly limits: ForgeLimits;
  /** Adds one status to a commit; the newest of a context is the one that counts. Not idempotent in the forge's history. */
  createCommitStatus(repository: RepositoryName, sha: string, status: CommitStatus): Promise<void>;
  /** What Git over https signs in with. Short-lived for apps: ask again for every fetch. */
  gitCredentials(): Promise<{ readonly username: string; readonly password: string }>;
  /** All open ones that are to be merged into a branch, by number. Asking again costs nothing while nothing has changed. */
  pullRequests(repository: RepositoryName, base: string): Promise<readonly PullRequest[]>;
  /** `null`: there is none, or not for us. */
  pullRequest(repository: RepositoryName, number: number): Promise<PullRequest | null>;
  /** A comment of our own whose text begins with `marker`; somebody else's never counts. */
  findComment(
    repository: RepositoryName,
    number: number,
    marker: string,
  ): Promise<OwnComment | null>;
  /** May have worked although it threw: look for it before trying again. */
  createComment(repository: RepositoryName, number: number, body: string): Promise<OwnComment>;
  /** `not-found` when somebody has removed it. */
  updateComment(
    repository: RepositoryName,
    number: number,
    of: { readonly id: string; readonly body: string },
  ): Promise<void>;
  /** Comments of people since a time (milliseconds since the epoch), oldest first: what a lost webhook would have told. */
  commentsSince(repository: RepositoryName, since: number): Promise<readonly PersonsComment[]>;
  /** Whether a person may push to the repository, asked now. */
  mayWrite(repository: RepositoryName, user: string): Promise<boolean>;
  /** Whether only those who were let in can read the repository, asked now. */
  isPrivate(repository: RepositoryName): Promise<boolean>;
  openPullRequest(
    repository: RepositoryName,
    of: {
      readonly title: string;
      readonly body: string;
      readonly head: string;
      readonly base: string;
    },
  ): Promise<{ readonly number: number; readonly url: string }>;
  /** `null`: this forge has none, or these credentials may not use them. */
  readonly deployments: Deployments | null;
  readonly checks: Checks | null;
  /** `null`: this forge has none. */
  readonly mergeQueue: MergeQueue | null;
}

export interface RepositoryName {
  /** With its groups, where the forge has groups of groups: `company/team`. */
  readonly owner: string;
  readonly name: string;
}

/** In UTF-16 units. */
export interface ForgeLimits {
  readonly comment: number;
  readonly description: number;
  readonly context: number;
  /** HTML in comments is none that is shown as text. */
  readonly html: boolean;
}

export interface PullRequest {
  readonly number: number;
  readonly title: string;
  readonly url: string;
  readonly author: string;
  readonly state: 'open' | 'merged' | 'closed';
  readonly isDraft: boolean;
  /** Its commits come from another repository, in which others may write. */
  readonly isFork: boolean;
  /** The commit that it proposes, and the name of its branch. */
  readonly head: { readonly sha: string; readonly branch: string };
  /** The branch that it is to be merged into. */
  readonly base: string;
  /** What its head is fetched by, from the base repository; `null`: it cannot be. */
  readonly ref: string | null;
  /** The commit that the merge made; `null`: it is not merged, or the forge does not tell. */
  readonly mergeCommit: string | null;
}

/** A comment that these credentials have made. */
export interface OwnComment {
  readonly id: string;
  readonly body: string;
  readonly url: string;
}

export interface PersonsComment {
  readonly id: string;
  /** Of the pull request. */
  readonly number: number;
  readonly author: string;
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
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

/** What the forge shows of deploys beside statuses. */
export interface Deployments {
  /** The id of the one that was created with this key, for whoever has lost the answer; `null`: none was. */
  find(
    repository: RepositoryName,
    of: { readonly sha: string; readonly environment: string; readonly key: string },
  ): Promise<string | null>;
  /** Gives the id by which its states are told. May have worked although it threw: look for it before trying again. */
  create(
    repository: RepositoryName,
    of: {
      readonly sha: string;
      readonly environment: string;
      /** Ours for it, kept by the forge and shown to nobody. */
      readonly key: string;
      readonly description: string;
    },
  ): Promise<string>;
  setState(
    repository: RepositoryName,
    id: string,
    of: {
      readonly state: DeploymentState;
      readonly description: string;
      readonly logUrl: string | null;
      readonly environmentUrl: string | null;
    },
  ): Promise<void>;
}

export type DeploymentState =
  | 'queued'
  | 'in_progress'
  | 'success'
  | 'failure'
  | 'error'
  | 'inactive';

/** Check runs: what a commit's files are annotated with. */
export interface Checks {
  /**
   * Makes the run that is shown of its name, and gives its id. Safe to be repeated: as long as no other of that name was made
   * since, a run with this key is looked for, and what it lacks is added. What is said differently needs another key.
   */
  put(repository: RepositoryName, run: CheckRun): Promise<string>;
}

export interface CheckRun extends CheckResult {
  readonly sha: string;
  readonly name: string;
  /** Ours for it, kept by the forge and shown to nobody. */
  readonly key: string;
}

export interface CheckResult {
  readonly conclusion: 'success' | 'failure' | 'neutral';
  readonly title: string;
  /** Markdown. */
  readonly summary: string;
  readonly detailsUrl: string | null;
  /** At most `MOST_ANNOTATIONS`. */
  readonly annotations: readonly Annotation[];
}

/** More of them are of no use to anybody, and each 50 cost a request. */
export const MOST_ANNOTATIONS = 100;

export interface Annotation {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly level: 'warning' | 'failure';
  readonly title: string;
  readonly message: string;
}

export interface MergeQueue {
  /** What it has built for a branch and has not merged yet. Asking again costs nothing while nothing has changed. */
  groups(repository: RepositoryName, branch: string): Promise<readonly QueuedGroup[]>;
}

export interface QueuedGroup {
  readonly sha: string;
  /** Where it can be fetched. */
  readonly ref: string;
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
