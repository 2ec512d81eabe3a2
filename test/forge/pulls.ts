import type { User } from './accounts.ts';
import { announce, eventTail } from './events.ts';
import { fetchCommit, mergeCommit } from './merging.ts';
import { pullShape } from './pull-shapes.ts';
import { isoTime, noReplyAddress, type Shape } from './shapes.ts';
import type { PullRequest, Repository, World } from './world.ts';

export interface NewPull {
  readonly head: PullRequest['head'];
  readonly base: string;
  readonly title: string;
  readonly body: string | null;
  readonly isDraft: boolean;
  readonly author: User;
}

/** Whose pull request of which repository changes, and by whom. */
interface Change {
  readonly world: World;
  readonly repository: Repository;
  readonly pull: PullRequest;
  readonly by: User;
}

/** Both branches are there. Hooks are told. */
export async function openPull(
  world: World,
  repository: Repository,
  of: NewPull,
): Promise<PullRequest> {
  const now = world.clock.now();
  const { title, body, author } = of;
  const number = repository.issues.length + 1;
  const issue = { id: world.nextId(), number, title, body, author, createdAt: now, comments: [] };
  const pull: PullRequest = {
    issue: { ...issue, pull: null },
    id: world.nextId(),
    number,
    head: of.head,
    headSha: '',
    base: of.base,
    baseSha: '',
    isDraft: of.isDraft,
    closedAt: null,
    merge: null,
    updatedAt: now,
    mergeResult: null,
    isMergeabilityKnown: false,
  };
  // Its number is taken; it is listed when Git has told what it is of.
  repository.issues.push(pull.issue);
  await refresh(world, repository, pull);
  pull.issue.pull = pull;
  repository.pulls.push(pull);
  await tell({ world, repository, pull, by: author }, 'opened');
  return pull;
}

/** The head, the base and what would come of merging them, as Git has them now. */
export async function refresh(
  world: World,
  repository: Repository,
  pull: PullRequest,
): Promise<void> {
  const { repository: from, branch } = pull.head;
  const head = await from.git.resolve(`refs/heads/${branch}`);
  if (head !== null) {
    await fetchCommit(from, repository, `refs/heads/${branch}`);
    pull.headSha = head;
  }
  pull.baseSha = (await repository.git.resolve(`refs/heads/${pull.base}`)) ?? pull.baseSha;
  pull.mergeResult = await mergeCommit(repository, {
    base: pull.baseSha,
    head: pull.headSha,
    message: `Merge ${pull.headSha} into ${pull.baseSha}`,
    person: personOf(world, pull.issue.author),
  });
  pull.isMergeabilityKnown = false;
  pull.updatedAt = world.clock.now();
  const refs = `refs/pull/${pull.number}`;
  await repository.git.setRef(`${refs}/head`, pull.headSha);
  // As on GitHub, the last merge that was possible stays when there are conflicts.
  if (pull.mergeResult !== null) await repository.git.setRef(`${refs}/merge`, pull.mergeResult);
}

export async function closePull(change: Change): Promise<void> {
  const { world, pull } = change;
  pull.closedAt = world.clock.now();
  pull.updatedAt = pull.closedAt;
  await tell(change, 'closed');
}

export async function reopenPull(change: Change): Promise<void> {
  change.pull.closedAt = null;
  await refresh(change.world, change.repository, change.pull);
  await tell(change, 'reopened');
}

/** `sha` is on the base branch already. */
export async function markMerged(change: Change, sha: string): Promise<void> {
  const { world, pull, by } = change;
  pull.merge = { sha, at: world.clock.now(), by };
  await closePull(change);
}

export async function setDraft(change: Change, isDraft: boolean): Promise<void> {
  Object.assign(change.pull, { isDraft, updatedAt: change.world.clock.now() });
  await tell(change, isDraft ? 'converted_to_draft' : 'ready_for_review');
}

export async function retarget(change: Change, base: string): Promise<void> {
  const { world, repository, pull } = change;
  const from = { ref: { from: pull.base }, sha: { from: pull.baseSha } };
  pull.base = base;
  await refresh(world, repository, pull);
  await tell(change, 'edited', { changes: { base: from } });
}

export async function retitle(change: Change, title: string): Promise<void> {
  const from = change.pull.issue.title;
  change.pull.issue.title = title;
  await tell(change, 'edited', { changes: { title: { from } } });
}

export async function tell(change: Change, action: string, more: Shape = {}): Promise<void> {
  const { world, repository, pull, by } = change;
  announce(world, repository, 'pull_request', {
    action,
    number: pull.number,
    pull_request: await pullShape(world, repository, pull, 'webhook'),
    ...more,
    ...eventTail(world, repository, by),
  });
}

export function personOf(world: World, user: User) {
  const date = isoTime(world.clock.now());
  return { name: user.login, email: noReplyAddress(user), date };
}
