import { levelOf, repositoryOf, userOf } from '../access.ts';
import { type Actor, atLeast, type Scope, type User } from '../accounts.ts';
import { announce, eventTail } from '../events.ts';
import { commentShape, issueShape } from '../issue-shapes.ts';
import { listReply } from '../pagination.ts';
import { forbidden, notFound } from '../refusal.ts';
import type { Shape } from '../shapes.ts';
import type { Call, Issue, IssueComment, Reply, Repository, Routes, World } from '../world.ts';

export const commentRoutes: Routes = {
  'issues/create-comment': createComment,
  'issues/list-comments': listComments,
  'issues/list-comments-for-repo': listAllComments,
  'issues/get-comment': getComment,
  'issues/update-comment': updateComment,
  'issues/delete-comment': deleteComment,
};

interface Found {
  readonly repository: Repository;
  readonly comment: IssueComment;
}

function createComment(call: Call): Reply {
  const { world } = call;
  const { repository, issue } = issueOf(call, 'write');
  const text = call.body['body'] as string;
  const comment = addComment(world, { repository, issue, text, author: userOf(world, call.actor) });
  const body = commentShape(world, repository, comment);
  return { status: 201, body, headers: { location: String(body['url']) } };
}

export function addComment(
  world: World,
  of: {
    readonly repository: Repository;
    readonly issue: Issue;
    readonly text: string;
    readonly author: User;
  },
): IssueComment {
  const { repository, issue, text: body, author } = of;
  const now = world.clock.now();
  const comment = { id: world.nextId(), issue, author, body, createdAt: now, updatedAt: now };
  issue.comments.push(comment);
  tell(world, { repository, comment }, { action: 'created' }, author);
  return comment;
}

export function removeComment(world: World, found: Found, by: User): void {
  const { comments } = found.comment.issue;
  comments.splice(comments.indexOf(found.comment), 1);
  tell(world, found, { action: 'deleted' }, by);
}

/** By the time of their creation, unless told otherwise; `since` is about the last edit. */
function listAllComments(call: Call): Reply {
  const { world } = call;
  const repository = repositoryOf(call, conversation(call.actor, 'read'));
  const since = Date.parse(call.query.get('since') ?? '') || 0;
  const byEdit = call.query.get('sort') === 'updated';
  const comments = repository.issues
    .flatMap((issue) => issue.comments)
    .filter((comment) => Math.floor(comment.updatedAt / 1000) * 1000 >= since)
    .toSorted((a, b) => (byEdit ? a.updatedAt - b.updatedAt : a.createdAt - b.createdAt));
  const ordered = call.query.get('direction') === 'desc' ? comments.toReversed() : comments;
  return listReply(
    call,
    repository,
    ordered.map((comment) => commentShape(world, repository, comment)),
  );
}

function listComments(call: Call): Reply {
  const { repository, issue } = issueOf(call, 'read');
  const since = Date.parse(call.query.get('since') ?? '') || 0;
  const comments = issue.comments.filter((comment) => comment.updatedAt >= since);
  return listReply(
    call,
    repository,
    comments.map((comment) => commentShape(call.world, repository, comment)),
  );
}

function getComment(call: Call): Reply {
  const { repository, comment } = commentOf(call, 'read');
  return { status: 200, body: commentShape(call.world, repository, comment) };
}

function updateComment(call: Call): Reply {
  const { world } = call;
  const found = commentOf(call, 'write');
  requireAuthor(call, found);
  const from = found.comment.body;
  Object.assign(found.comment, { body: call.body['body'] as string, updatedAt: world.clock.now() });
  tell(world, found, { action: 'edited', changes: { body: { from } } }, userOf(world, call.actor));
  return { status: 200, body: commentShape(world, found.repository, found.comment) };
}

function deleteComment(call: Call): Reply {
  const found = commentOf(call, 'write');
  requireAuthor(call, found);
  removeComment(call.world, found, userOf(call.world, call.actor));
  return { status: 204 };
}

/** Only the author and administrators may change a comment. */
function requireAuthor(call: Call, { repository, comment }: Found): void {
  if (comment.author.id === userOf(call.world, call.actor).id) return;
  if (levelOf(call.actor, repository, 'administration') === 'admin') return;
  throw forbidden(call.operation, 'Must have admin rights to Repository.');
}

function issueOf(
  call: Call,
  level: 'read' | 'write',
): { readonly repository: Repository; readonly issue: Issue } {
  const repository = repositoryOf(call, conversation(call.actor, level));
  const wanted = call.parameters['issue_number'];
  const issue = repository.issues.find(({ number }) => String(number) === wanted);
  if (issue === undefined) throw notFound(call.operation.documentation);
  return { repository, issue };
}

function commentOf(call: Call, level: 'read' | 'write'): Found {
  const repository = repositoryOf(call, conversation(call.actor, level));
  const wanted = call.parameters['comment_id'];
  const comments = repository.issues.flatMap((issue) => issue.comments);
  const comment = comments.find(({ id }) => String(id) === wanted);
  if (comment === undefined) throw notFound(call.operation.documentation);
  return { repository, comment };
}

/** To an app a pull request's conversation is open by either of two permissions. */
function conversation(
  actor: Actor,
  level: 'read' | 'write',
): { readonly scope: Scope; readonly level: 'read' | 'write' } {
  if (actor.kind !== 'installation') return { scope: 'issues', level };
  const { issues = 'none' } = actor.installation.app.permissions;
  return { scope: atLeast(issues, level) ? 'issues' : 'pull_requests', level };
}

function tell(world: World, { repository, comment }: Found, what: Shape, sender: User): void {
  announce(world, repository, 'issue_comment', {
    ...what,
    issue: issueShape(world, repository, comment.issue),
    comment: commentShape(world, repository, comment),
    ...eventTail(world, repository, sender),
  });
}
