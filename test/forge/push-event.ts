import type { User } from './accounts.ts';
import type { GitCommit, GitPerson, Refs } from './bare-repository.ts';
import { announce } from './events.ts';
import { MAX_COMMITS_PER_PUSH, MAX_FILES_PER_COMMIT, MAX_TAGS_PER_PUSH } from './limits.ts';
import { updatePulls } from './pull-updates.ts';
import {
  noReplyAddress,
  organizationOf,
  pushedRepository,
  repositoryPage,
  type Shape,
  userShape,
} from './shapes.ts';
import type { Repository, World } from './world.ts';

export interface RefChange {
  readonly ref: string;
  /** null: the ref was created. */
  readonly before: string | null;
  /** null: the ref was deleted. */
  readonly after: string | null;
}

interface Push {
  readonly world: World;
  readonly repository: Repository;
  readonly change: RefChange;
  /** All refs as they were before. */
  readonly earlier: Refs;
  readonly pusher: User;
}

const NOTHING = '0'.repeat(40);

/** Tells the hooks of branches and tags that moved: one event each, unless too many tags moved at once. */
export async function announcePush(
  world: World,
  repository: Repository,
  changes: readonly RefChange[],
  pusher: User,
): Promise<void> {
  Object.assign(repository, { pushedAt: world.clock.now(), updatedAt: world.clock.now() });
  const earlier = await refsBefore(repository, changes);
  const tags = changes.filter(({ ref }) => ref.startsWith('refs/tags/'));
  const heads = changes.filter(({ ref }) => ref.startsWith('refs/heads/'));
  for (const change of tags.length > MAX_TAGS_PER_PUSH ? heads : [...heads, ...tags]) {
    const payload = await pushPayload({ world, repository, change, earlier, pusher });
    announce(world, repository, 'push', payload);
  }
  for (const change of changes) await updatePulls(world, repository, change, pusher);
}

async function refsBefore(repository: Repository, changes: readonly RefChange[]): Promise<Refs> {
  const refs = new Map(await repository.git.refs());
  for (const { ref, before } of changes) {
    if (before === null) refs.delete(ref);
    else refs.set(ref, before);
  }
  return refs;
}

async function pushPayload(push: Push): Promise<Shape> {
  const { world, repository, change, earlier, pusher } = push;
  const commits = await newCommits(push);
  const head = change.after === null ? null : await repository.git.resolve(change.after);
  const headCommit = head === null ? null : await repository.git.commit(head);
  const distinct = await distinctCommits(push);
  const shape = (commit: GitCommit): Shape =>
    commitShape(push, commit, distinct.has(commit.sha) || commit.sha === headCommit?.sha);
  return {
    ref: change.ref,
    before: change.before ?? NOTHING,
    after: change.after ?? NOTHING,
    repository: pushedRepository(world, repository),
    pusher: { name: pusher.login, email: noReplyAddress(pusher) },
    ...organizationOf(world, repository),
    sender: userShape(world, pusher),
    created: change.before === null,
    deleted: change.after === null,
    forced: await isForced(push),
    base_ref: baseRef(change, earlier),
    compare: compareUrl(push, commits),
    commits: commits.map(shape),
    head_commit: headCommit === null ? null : shape(headCommit),
  };
}

/** An update brings what its old value did not reach; a new ref only what no ref reached. */
async function newCommits({ repository, change, earlier }: Push): Promise<readonly GitCommit[]> {
  const { before, after } = change;
  if (after === null || (await repository.git.resolve(after)) === null) return [];
  const range = before === null ? [after, '--not', ...earlier.values()] : [after, '--not', before];
  return await repository.git.commits(MAX_COMMITS_PER_PUSH, ...range);
}

/** "Whether this commit is distinct from any that have been pushed before." */
async function distinctCommits({
  repository,
  change,
  earlier,
}: Push): Promise<ReadonlySet<string>> {
  if (change.after === null) return new Set();
  const list = await repository.git.text('rev-list', change.after, '--not', ...earlier.values());
  return new Set(list.split('\n'));
}

async function isForced({ repository, change }: Push): Promise<boolean> {
  const { before, after } = change;
  if (before === null || after === null) return false;
  return !(await repository.git.isAncestor(before, after));
}

/** The branch that a new ref was made from without any commit of its own. */
function baseRef(change: RefChange, earlier: Refs): string | null {
  if (change.before !== null || change.after === null) return null;
  const [ref] = [...earlier].find(([, sha]) => sha === change.after) ?? [null];
  return ref;
}

function compareUrl({ world, repository, change }: Push, commits: readonly GitCommit[]): string {
  const page = repositoryPage(world, repository);
  const short = (sha: string): string => sha.slice(0, 12);
  const { ref, before, after } = change;
  if (before !== null) return `${page}/compare/${short(before)}...${short(after ?? NOTHING)}`;
  const [first] = commits;
  if (first === undefined) return `${page}/compare/${ref.replace(/^refs\/(heads|tags)\//, '')}`;
  if (commits.length === 1) return `${page}/commit/${first.sha}`;
  return `${page}/compare/${short(first.sha)}^...${short(after ?? NOTHING)}`;
}

function commitShape({ world, repository }: Push, commit: GitCommit, distinct: boolean): Shape {
  const paths = (status: string): readonly string[] =>
    commit.changes
      .slice(0, MAX_FILES_PER_COMMIT)
      .filter((change) => change.status === status)
      .map((change) => change.path);
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct,
    message: commit.message,
    timestamp: commit.committer.date,
    url: `${repositoryPage(world, repository)}/commit/${commit.sha}`,
    author: personShape(world, commit.author),
    committer: personShape(world, commit.committer),
    added: paths('A'),
    removed: paths('D'),
    modified: paths('M'),
  };
}

/** `username` only where the address belongs to an account. */
function personShape(world: World, person: GitPerson): Shape {
  const login = /^(?:\d+\+)?(.+)@users\.noreply\.github\.com$/.exec(person.email)?.[1];
  const user = login === undefined ? null : world.accounts.find(login);
  return {
    name: person.name,
    email: person.email,
    ...(user === null ? {} : { username: user.login }),
  };
}
