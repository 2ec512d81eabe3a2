/**
 * What a request turned out to be. A hint names something to look at; what is true is asked of Git and of the forge.
 * Nothing in here may be called back, or shown without escaping.
 */
export type Received = Hint | Ping | Ignored | Refused;

export type Hint = PushHint | PullRequestHint | CommentHint | MergeGroupHint | CheckHint;

interface AnyHint {
  readonly deliveryId: string;
  readonly repository: RepositoryHint;
}

export interface PushHint extends AnyHint, MovedRef {
  readonly kind: 'push';
  /** Further ones of the same push, where the forge tells of all at once. */
  readonly more?: readonly MovedRef[];
}

export interface MovedRef {
  /** Full name, `refs/heads/main`. */
  readonly ref: string;
  /** Object id; all zeros when the ref was deleted. */
  readonly after: string;
}

/** Anything about it may have changed: its commits, its base, whether it is a draft, whether it is open. */
export interface PullRequestHint extends AnyHint {
  readonly kind: 'pull-request';
  readonly number: number;
}

/** A new comment on a pull request. Those that were edited or removed, and those on mere issues, are none. */
export interface CommentHint extends AnyHint {
  readonly kind: 'comment';
  readonly number: number;
  readonly commentId: string;
  /** As the forge is asked for their permissions by. */
  readonly author: string;
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The merge queue waits for what we say of this commit. */
export interface MergeGroupHint extends AnyHint {
  readonly kind: 'merge-group';
  readonly sha: string;
  readonly ref: string;
  /** The branch that it is to become. */
  readonly base: string;
}

/** Somebody has pressed the button that asks for a check again, or the one that asks for all of them. */
export interface CheckHint extends AnyHint {
  readonly kind: 'check-rerequested';
  readonly sha: string;
  /** `null`: all of them. */
  readonly name: string | null;
  /** As the forge is asked for their permissions by; `null`: it is not told. */
  readonly author: string | null;
}

export interface RepositoryHint {
  /** Stays when the repository is renamed. */
  readonly id: string;
  /** `owner/name`. */
  readonly fullName: string;
  readonly cloneUrl: string;
}

export interface Ping {
  readonly kind: 'ping';
  readonly deliveryId: string;
  /** `null` when the webhook is not a repository's own. */
  readonly repository: RepositoryHint | null;
}

/** To be answered 202: nothing is wrong with it, there is nothing to do. */
export interface Ignored {
  readonly kind: 'ignored';
  readonly deliveryId: string | null;
  readonly event: string | null;
  readonly reason: string;
}

/** To be answered with `status` and `message`, which never quotes the request. */
export interface Refused {
  readonly kind: 'refused';
  readonly status: 400 | 401 | 405 | 413 | 415;
  readonly message: string;
}

export function refused(status: Refused['status'], message: string): Refused {
  return { kind: 'refused', status, message };
}
