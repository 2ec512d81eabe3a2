import { levelOf } from './access.ts';
import { atLeast, type User } from './accounts.ts';
import { isoTime, nodeId, repositoryPage, repositoryUrl, type Shape, userShape } from './shapes.ts';
import type { Issue, IssueComment, PullRequest, Repository, World } from './world.ts';

export function commentShape(world: World, repository: Repository, comment: IssueComment): Shape {
  const { id, issue } = comment;
  const url = `${repositoryUrl(world, repository)}/issues/comments/${id}`;
  return {
    url,
    html_url: `${issuePage(world, repository, issue)}#issuecomment-${id}`,
    issue_url: `${repositoryUrl(world, repository)}/issues/${issue.number}`,
    id,
    node_id: nodeId('IssueComment', id),
    user: userShape(world, comment.author),
    created_at: isoTime(comment.createdAt),
    updated_at: isoTime(comment.updatedAt),
    author_association: association(world, repository, comment.author),
    body: comment.body,
    reactions: reactions(url),
    performed_via_github_app: null,
  };
}

export function issueShape(world: World, repository: Repository, issue: Issue): Shape {
  const url = `${repositoryUrl(world, repository)}/issues/${issue.number}`;
  return {
    url,
    repository_url: repositoryUrl(world, repository),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: issuePage(world, repository, issue),
    id: issue.id,
    node_id: nodeId('Issue', issue.id),
    number: issue.number,
    title: issue.title,
    user: userShape(world, issue.author),
    labels: [],
    state: issue.pull === null || issue.pull.closedAt === null ? 'open' : 'closed',
    locked: false,
    assignee: null,
    assignees: [],
    milestone: null,
    comments: issue.comments.length,
    created_at: isoTime(issue.createdAt),
    updated_at: isoTime(issue.createdAt),
    closed_at: timeOrNull(issue.pull?.closedAt ?? null),
    author_association: association(world, repository, issue.author),
    active_lock_reason: null,
    body: issue.body,
    reactions: reactions(url),
    timeline_url: `${url}/timeline`,
    performed_via_github_app: null,
    state_reason: null,
    ...(issue.pull === null ? {} : pullMark(world, repository, issue.pull)),
  };
}

/** By which an issue is known for a pull request. */
function pullMark(world: World, repository: Repository, pull: PullRequest): Shape {
  const page = issuePage(world, repository, pull.issue);
  return {
    draft: pull.isDraft,
    pull_request: {
      url: `${repositoryUrl(world, repository)}/pulls/${pull.number}`,
      html_url: page,
      diff_url: `${page}.diff`,
      patch_url: `${page}.patch`,
      merged_at: timeOrNull(pull.merge?.at ?? null),
    },
  };
}

export function issuePage(world: World, repository: Repository, issue: Issue): string {
  const kind = issue.pull === null ? 'issues' : 'pull';
  return `${repositoryPage(world, repository)}/${kind}/${issue.number}`;
}

export function timeOrNull(at: number | null): string | null {
  return at === null ? null : isoTime(at);
}

/** What GitHub calls the author of something, which is no permission. */
export function association(
  world: World,
  repository: Repository,
  user: User,
): 'OWNER' | 'MEMBER' | 'NONE' {
  if (repository.owner.id === user.id) return 'OWNER';
  const level = world.accounts.levelOf(user);
  const mayWrite = atLeast(levelOf({ kind: 'user', user, level }, repository, 'metadata'), 'write');
  return mayWrite || user.type === 'Bot' ? 'MEMBER' : 'NONE';
}

function reactions(url: string): Shape {
  const kinds = ['+1', '-1', 'laugh', 'hooray', 'confused', 'heart', 'rocket', 'eyes'];
  const counts = Object.fromEntries(kinds.map((kind) => [kind, 0]));
  return { url: `${url}/reactions`, total_count: 0, ...counts };
}
