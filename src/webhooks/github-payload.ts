import type { Delivery } from './delivery.ts';
import {
  field,
  idField,
  numberField,
  objectIdField,
  personField,
  refField,
  repositoryHint,
  textField,
  timeField,
} from './fields.ts';
import { commentHint, pullRequestHint, pushHint } from './hints.ts';
import type { Received, RepositoryHint } from './received.ts';

/** The payloads that GitHub and those that took after it have in common. */

/** Commits and changed files are not even read: renames, merges and force pushes make them wrong. */
export function readPush(delivery: Delivery): Received {
  const { payload } = delivery;
  return pushHint(delivery, {
    repository: readRepository(payload),
    ref: refField(payload, 'ref'),
    after: objectIdField(payload, 'after'),
  });
}

export function readPullRequest(delivery: Delivery): Received {
  const { payload } = delivery;
  return pullRequestHint(delivery, {
    repository: readRepository(payload),
    number: numberField(payload, 'number'),
  });
}

export function readComment(delivery: Delivery): Received {
  const { payload } = delivery;
  return commentHint(delivery, {
    repository: readRepository(payload),
    number: numberField(payload, 'issue', 'number'),
    commentId: idField(payload, 'comment', 'id'),
    author: personField(payload, 'comment', 'user', 'login'),
    body: textField(payload, 'comment', 'body'),
    at: timeField(payload, 'comment', 'created_at'),
  });
}

export function readRepository(payload: object): RepositoryHint | null {
  const of = field(payload, 'repository');
  return repositoryHint(numberField(of, 'id'), field(of, 'full_name'), field(of, 'clone_url'));
}
