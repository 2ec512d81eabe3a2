import { levelOf, repositoryOf, userOf } from '../access.ts';
import type { Level, User } from '../accounts.ts';
import { announce, eventTail } from '../events.ts';
import { listReply } from '../pagination.ts';
import { forbidden, notFound } from '../refusal.ts';
import {
  isoTime,
  nodeId,
  repositoryPage,
  repositoryUrl,
  type Shape,
  userShape,
} from '../shapes.ts';
import type { Call, Issue, IssueComment, Reply, Repository, Routes, World } from '../world.ts';

export const commentRoutes: Routes = {
  'issues/create-comment': createComment,
  'issues/list-comments': listComments,
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
  const comment: IssueComment = {
    id: world.nextId(),
    issue,
    author: userOf(world, call.actor),
    body: call.body['body'] as string,
    createdAt: world.clock.now(),
    updatedAt: world.clock.now(),
  };
  issue.comments.push(comment);
  tell(call, { repository, comment }, { action: 'created' });
  const body = commentShape(world, repository, comment);
  return { status: 201, body, headers: { location: String(body['url']) } };
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
  tell(call, found, { action: 'edited', changes: { body: { from } } });
  return { status: 200, body: commentShape(world, found.repository, found.comment) };
}

function deleteComment(call: Call): Reply {
  const found = commentOf(call, 'write');
  requireAuthor(call, found);
  const { comments } = found.comment.issue;
  comments.splice(comments.indexOf(found.comment), 1);
  tell(call, found, { action: 'deleted' });
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
  level: Level & ('read' | 'write'),
): { readonly repository: Repository; readonly issue: Issue } {
  const repository = repositoryOf(call, { scope: 'issues', level });
  const wanted = call.parameters['issue_number'];
  const issue = repository.issues.find(({ number }) => String(number) === wanted);
  if (issue === undefined) throw notFound(call.operation.documentation);
  return { repository, issue };
}

function commentOf(call: Call, level: Level & ('read' | 'write')): Found {
  const repository = repositoryOf(call, { scope: 'issues', level });
  const wanted = call.parameters['comment_id'];
  const comments = repository.issues.flatMap((issue) => issue.comments);
  const comment = comments.find(({ id }) => String(id) === wanted);
  if (comment === undefined) throw notFound(call.operation.documentation);
  return { repository, comment };
}

function tell(call: Call, { repository, comment }: Found, what: Shape): void {
  const { world } = call;
  announce(world, repository, 'issue_comment', {
    ...what,
    issue: issueShape(world, repository, comment.issue),
    comment: commentShape(world, repository, comment),
    ...eventTail(world, repository, userOf(world, call.actor)),
  });
}

function commentShape(world: World, repository: Repository, comment: IssueComment): Shape {
  const { id, issue } = comment;
  const url = `${repositoryUrl(world, repository)}/issues/comments/${id}`;
  return {
    url,
    html_url: `${repositoryPage(world, repository)}/issues/${issue.number}#issuecomment-${id}`,
    issue_url: `${repositoryUrl(world, repository)}/issues/${issue.number}`,
    id,
    node_id: nodeId('IssueComment', id),
    user: userShape(world, comment.author),
    created_at: isoTime(comment.createdAt),
    updated_at: isoTime(comment.updatedAt),
    author_association: association(repository, comment.author),
    body: comment.body,
    reactions: reactions(url),
    performed_via_github_app: null,
  };
}

function issueShape(world: World, repository: Repository, issue: Issue): Shape {
  const url = `${repositoryUrl(world, repository)}/issues/${issue.number}`;
  return {
    url,
    repository_url: repositoryUrl(world, repository),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: `${repositoryPage(world, repository)}/issues/${issue.number}`,
    id: issue.id,
    node_id: nodeId('Issue', issue.id),
    number: issue.number,
    title: issue.title,
    user: userShape(world, issue.author),
    labels: [],
    state: 'open',
    locked: false,
    assignee: null,
    assignees: [],
    milestone: null,
    comments: issue.comments.length,
    created_at: isoTime(issue.createdAt),
    updated_at: isoTime(issue.createdAt),
    closed_at: null,
    author_association: association(repository, issue.author),
    active_lock_reason: null,
    body: null,
    reactions: reactions(url),
    timeline_url: `${url}/timeline`,
    performed_via_github_app: null,
    state_reason: null,
  };
}

function association(repository: Repository, user: User): 'OWNER' | 'MEMBER' {
  return repository.owner.id === user.id ? 'OWNER' : 'MEMBER';
}

function reactions(url: string): Shape {
  const kinds = ['+1', '-1', 'laugh', 'hooray', 'confused', 'heart', 'rocket', 'eyes'];
  const counts = Object.fromEntries(kinds.map((kind) => [kind, 0]));
  return { url: `${url}/reactions`, total_count: 0, ...counts };
}
