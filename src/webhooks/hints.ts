import type { Delivery } from './delivery.ts';
import {
  type CommentHint,
  type PullRequestHint,
  type PushHint,
  type Refused,
  refused,
} from './received.ts';

/** What was looked for in a payload; `null`: it is missing, or something else. */
type Found<T> = { readonly [K in keyof Omit<T, 'kind' | 'deliveryId' | 'more'>]: T[K] | null };

export function pushHint(
  { id }: Delivery,
  { repository, ref, after }: Found<PushHint>,
): PushHint | Refused {
  if (repository === null) return refused(400, 'the push does not say of which repository');
  if (ref === null) return refused(400, 'the push does not say of which ref');
  if (after === null) return refused(400, 'the push does not say what the ref points at');
  return { kind: 'push', deliveryId: id, repository, ref, after };
}

export function pullRequestHint(
  { id }: Delivery,
  { repository, number }: Found<PullRequestHint>,
): PullRequestHint | Refused {
  if (repository === null || number === null)
    return refused(400, 'the event does not say of which pull request of which repository');
  return { kind: 'pull-request', deliveryId: id, repository, number };
}

export function commentHint(
  { id }: Delivery,
  { repository, number, commentId, author, body, at }: Found<CommentHint>,
): CommentHint | Refused {
  if (repository === null || number === null || commentId === null)
    return refused(400, 'the event does not say of which comment');
  if (author === null || body === null || at === null)
    return refused(400, 'the event does not say who wrote what, and when');
  return { kind: 'comment', deliveryId: id, repository, number, commentId, author, body, at };
}
