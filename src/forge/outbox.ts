import type { CheckResult, CommitStatus, DeploymentState } from './forge.ts';

/** A status that a commit is to have. */
export interface WantedStatus extends CommitStatus {
  /** `owner/name`. */
  readonly repository: string;
  readonly sha: string;
}

/** The one comment of ours with this marker that a pull request is to have. */
export interface WantedComment {
  readonly repository: string;
  readonly number: number;
  /** What the body begins with, and by which the comment is found again. */
  readonly marker: string;
  readonly body: string;
  /** What follows it is of more interest. */
  readonly isProgress?: boolean;
}

/** Where a deploy stands, for forges that show deploys. */
export interface WantedDeployment {
  readonly repository: string;
  /** Of the deploy. */
  readonly id: string;
  readonly environment: string;
  readonly sha: string;
  readonly state: DeploymentState;
  readonly description: string;
  readonly logUrl: string | null;
  readonly environmentUrl: string | null;
}

/** What was found in the files of a commit, for forges that show it at their lines. */
export interface WantedCheck extends CheckResult {
  readonly repository: string;
  readonly sha: string;
  readonly name: string;
}

export type StatusContent = Pick<CommitStatus, 'state' | 'description' | 'targetUrl'>;
export type CommentContent = Pick<WantedComment, 'body'>;
export type DeploymentContent = Omit<WantedDeployment, 'repository' | 'id' | 'environment'>;
/** `round`: how often it was asked for once more. */
export type CheckContent = CheckResult & { readonly round: number };

/**
 * What a message is about. Of a status: commit and context; of a comment: number and marker; of a deployment: the deploy
 * and its environment; of a check: commit and name.
 */
export interface MessageKey {
  readonly kind: 'status' | 'comment' | 'deployment' | 'check';
  readonly repository: string;
  readonly subject: string;
  readonly topic: string;
}

export interface Message extends MessageKey {
  /** `StatusContent` and its like, by kind. */
  readonly content: unknown;
  /** May be passed over in favour of what comes after it. */
  readonly isProgress: boolean;
}

export interface QueuedMessage extends Message {
  /** What the forge calls what was made for this key; `null`: nothing was, or nobody knows. */
  readonly remote: string | null;
  /** Counts the wants of this key; only goes up. */
  readonly version: number;
  /** Failed attempts in a row. */
  readonly attempts: number;
}

/** Where the reporter keeps what is still to be said, one newest message for each key. Times in milliseconds since the epoch. */
export interface Outbox {
  /**
   * False when exactly this is wanted already, and for progress beyond `maxProgress` messages of this key. Progress that
   * follows progress waits until `progressInterval` milliseconds after the last that was sent, unless something overtakes
   * it that is more than progress.
   */
  want(
    message: Message,
    when: {
      readonly at: number;
      readonly progressInterval: number;
      readonly maxProgress: number;
    },
  ): Promise<boolean>;
  /** Neither sent nor given up, and due at `now`. */
  due(now: number, limit: number): Promise<readonly QueuedMessage[]>;
  /** When the first of those that are not due at `now` will be. */
  nextDueAt(now: number): Promise<number | null>;
  /** What is wanted, sent or not; `null`: nothing was, or it was long ago. */
  find(key: MessageKey): Promise<QueuedMessage | null>;
  /** All of one topic, sent or not. */
  ofTopic(key: Omit<MessageKey, 'subject'>): Promise<readonly QueuedMessage[]>;
  sent(
    key: MessageKey,
    version: number,
    of: { readonly at: number; readonly remote: string | null },
  ): Promise<void>;
  failed(
    key: MessageKey,
    version: number,
    outcome: { readonly error: string; readonly nextAttemptAt: number },
  ): Promise<void>;
  gaveUp(key: MessageKey, version: number, error: string): Promise<void>;
  /** What was given up and wanted at or after `since` is due again. */
  revive(since: number): Promise<void>;
}

export function statusMessage(of: WantedStatus): Message {
  const { repository, sha: subject, context: topic, state, description, targetUrl } = of;
  const content: StatusContent = { state, description, targetUrl };
  return { kind: 'status', repository, subject, topic, content, isProgress: state === 'pending' };
}

export function commentMessage(of: WantedComment): Message {
  const { repository, number, marker, body, isProgress = false } = of;
  const content: CommentContent = { body };
  const key = { repository, subject: String(number), topic: marker };
  return { kind: 'comment', ...key, content, isProgress };
}

export function deploymentMessage(of: WantedDeployment): Message {
  const { repository, id: subject, environment: topic, ...content } = of;
  const isProgress = of.state === 'queued' || of.state === 'in_progress';
  return { kind: 'deployment', repository, subject, topic, content, isProgress };
}

export function checkMessage(of: WantedCheck, round: number): Message {
  const { repository, sha: subject, name: topic, ...result } = of;
  const content: CheckContent = { ...result, round };
  return { kind: 'check', repository, subject, topic, content, isProgress: false };
}
