import { association, issuePage, timeOrNull } from './issue-shapes.ts';
import {
  isoTime,
  listedRepository,
  nodeId,
  repositoryUrl,
  type Shape,
  userShape,
} from './shapes.ts';
import type { PullRequest, Repository, World } from './world.ts';

/** A pull request as lists have it, by itself, or as webhooks carry it. */
export async function pullShape(
  world: World,
  repository: Repository,
  pull: PullRequest,
  kind: 'listed' | 'full' | 'webhook',
): Promise<Shape> {
  const listed = { ...listedShape(world, repository, pull), ...links(world, repository, pull) };
  if (kind === 'listed') return listed;
  return { ...listed, ...(await details(world, repository, pull)) };
}

function listedShape(world: World, repository: Repository, pull: PullRequest): Shape {
  const { issue } = pull;
  return {
    id: pull.id,
    node_id: nodeId('PullRequest', pull.id),
    number: pull.number,
    state: pull.closedAt === null ? 'open' : 'closed',
    locked: false,
    title: issue.title,
    user: userShape(world, issue.author),
    body: issue.body,
    labels: [],
    milestone: null,
    active_lock_reason: null,
    created_at: isoTime(issue.createdAt),
    updated_at: isoTime(pull.updatedAt),
    closed_at: timeOrNull(pull.closedAt),
    merged_at: timeOrNull(pull.merge?.at ?? null),
    merge_commit_sha: pull.merge?.sha ?? pull.mergeResult,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    head: side(world, pull.head.repository, pull.head.branch, pull.headSha),
    base: side(world, repository, pull.base, pull.baseSha),
    author_association: association(world, repository, issue.author),
    auto_merge: null,
    draft: pull.isDraft,
  };
}

function side(world: World, repository: Repository, ref: string, sha: string): Shape {
  const { owner } = repository;
  return {
    label: `${owner.login}:${ref}`,
    ref,
    sha,
    user: userShape(world, owner),
    repo: listedRepository(world, repository),
  };
}

function links(world: World, repository: Repository, pull: PullRequest): Shape {
  const url = `${repositoryUrl(world, repository)}/pulls/${pull.number}`;
  const issue = `${repositoryUrl(world, repository)}/issues/${pull.number}`;
  const page = issuePage(world, repository, pull.issue);
  const statuses = `${repositoryUrl(world, repository)}/statuses/${pull.headSha}`;
  const reviewComment = `${repositoryUrl(world, repository)}/pulls/comments{/number}`;
  return {
    url,
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    issue_url: issue,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: reviewComment,
    comments_url: `${issue}/comments`,
    statuses_url: statuses,
    _links: {
      self: { href: url },
      html: { href: page },
      issue: { href: issue },
      comments: { href: `${issue}/comments` },
      review_comments: { href: `${url}/comments` },
      review_comment: { href: reviewComment },
      commits: { href: `${url}/commits` },
      statuses: { href: statuses },
    },
  };
}

async function details(world: World, repository: Repository, pull: PullRequest): Promise<Shape> {
  const mergeable = pull.isMergeabilityKnown ? pull.mergeResult !== null : null;
  return {
    merged: pull.merge !== null,
    mergeable: pull.merge === null ? mergeable : null,
    rebaseable: pull.merge === null ? mergeable : null,
    mergeable_state: stateOf(pull, mergeable),
    merged_by: pull.merge === null ? null : userShape(world, pull.merge.by),
    comments: pull.issue.comments.length,
    review_comments: 0,
    maintainer_can_modify: false,
    ...(await sizes(repository, pull)),
  };
}

function stateOf(pull: PullRequest, mergeable: boolean | null): string {
  if (mergeable === null) return 'unknown';
  if (!mergeable) return 'dirty';
  return pull.isDraft ? 'draft' : 'clean';
}

async function sizes(repository: Repository, { baseSha, headSha }: PullRequest): Promise<Shape> {
  const range = `${baseSha}...${headSha}`;
  const commits =
    (await repository.git.attempt('rev-list', '--count', `${baseSha}..${headSha}`)) ?? '0';
  const lines = ((await repository.git.attempt('diff', '--numstat', range)) ?? '')
    .split('\n')
    .filter(Boolean);
  const sum = (column: number): number =>
    lines.reduce((total, line) => total + (Number(line.split('\t')[column]) || 0), 0);
  return {
    commits: Number(commits),
    additions: sum(0),
    deletions: sum(1),
    changed_files: lines.length,
  };
}
