import { join } from 'node:path';
import { BareRepository, type FileChange, type GitPerson } from './bare-repository.ts';
import { FakePull } from './fake-pull.ts';
import { openPull } from './pulls.ts';
import { announcePush } from './push-event.ts';
import { rerequest } from './resources/check-runs.ts';
import { addHook } from './resources/hooks.ts';
import { renameRepository } from './resources/repositories.ts';
import { fullName, isoTime, noReplyAddress, repositoryPage } from './shapes.ts';
import type { CheckRun, Deployment, Issue, PullRequest, Repository, World } from './world.ts';

export interface NewRepository {
  /** Default `acme`, an organization. */
  readonly owner?: string;
  readonly ownerType?: 'User' | 'Organization';
  /** Default `grids`. */
  readonly name?: string;
  /** Default true: nothing can be read without a token. */
  readonly isPrivate?: boolean;
  /** Default `main`. */
  readonly defaultBranch?: string;
  /** A first commit on the default branch; an empty repository when absent. */
  readonly files?: Readonly<Record<string, FileChange>>;
}

/** Makes the bare repository as `<directory>/<number>.git`. */
export async function createRepository(
  world: World,
  directory: string,
  options: NewRepository,
): Promise<FakeRepository> {
  const id = world.nextId();
  const defaultBranch = options.defaultBranch ?? 'main';
  const now = world.clock.now();
  const repository: Repository = {
    id,
    owner: world.accounts.user(options.owner ?? 'acme', options.ownerType ?? 'Organization'),
    name: options.name ?? 'grids',
    formerNames: [],
    isPrivate: options.isPrivate ?? true,
    defaultBranch,
    git: await BareRepository.create(join(directory, `${id}.git`), defaultBranch),
    createdAt: now,
    updatedAt: now,
    pushedAt: now,
    hooks: [],
    labels: [],
    issues: [],
    pulls: [],
    deployments: [],
    checkRuns: [],
    parent: null,
  };
  world.repositories.set(id, repository);
  const handle = new FakeRepository(world, repository);
  if (options.files !== undefined) await handle.commit(options.files, { message: 'initial' });
  return handle;
}

export interface CommitOptions {
  readonly message?: string;
  /** Default: the default branch. */
  readonly branch?: string;
  readonly author?: GitPerson;
}

export interface NewPullRequest {
  /** Default: a branch of its own. */
  readonly branch?: string;
  readonly files?: Readonly<Record<string, FileChange>>;
  /** Default: the default branch. */
  readonly base?: string;
  readonly title?: string;
  readonly body?: string;
  readonly draft?: boolean;
  /** The fork that it comes from. */
  readonly from?: FakeRepository;
  /** Default: the fork's owner, or octocat. */
  readonly author?: string;
}

/** A repository as a person sees it who works on GitHub's pages instead of with git. */
export class FakeRepository {
  readonly #world: World;
  readonly #repository: Repository;

  constructor(world: World, repository: Repository) {
    this.#world = world;
    this.#repository = repository;
  }

  get id(): number {
    return this.#repository.id;
  }

  get owner(): string {
    return this.#repository.owner.login;
  }

  get name(): string {
    return this.#repository.name;
  }

  get fullName(): string {
    return fullName(this.#repository);
  }

  get cloneUrl(): string {
    return `${repositoryPage(this.#world, this.#repository)}.git`;
  }

  /** The bare repository on disk. Changes made there directly are not announced to anybody. */
  get directory(): string {
    return this.#repository.git.directory;
  }

  /** The commit at the end of a branch (the default one when absent); null when there is no such branch. */
  async head(branch = this.#repository.defaultBranch): Promise<string | null> {
    return await this.#repository.git.resolve(`refs/heads/${branch}`);
  }

  /** Commits changes on a branch, as GitHub's editor does: hooks are told. Returns the commit's id. */
  async commit(
    files: Readonly<Record<string, FileChange>>,
    options: CommitOptions = {},
  ): Promise<string> {
    const branch = options.branch ?? this.#repository.defaultBranch;
    const before = await this.head(branch);
    const after = await this.#repository.git.add({
      branch,
      message: options.message ?? 'a change',
      files,
      author: options.author ?? this.#person(),
    });
    await this.#announce(branch, before, after);
    return after;
  }

  /** Moves, makes or (with null) deletes a branch, by force if need be: hooks are told. */
  async setBranch(branch: string, sha: string | null): Promise<void> {
    const before = await this.head(branch);
    await this.#repository.git.setRef(`refs/heads/${branch}`, sha);
    await this.#announce(branch, before, sha);
  }

  /** Requests for the old name are redirected from now on. */
  makePublic(): void {
    this.#repository.isPrivate = false;
  }

  rename(name: string): void {
    renameRepository(this.#world, this.#repository, name, this.#world.accounts.user('octocat'));
  }

  /** A webhook, pinged at once. Returns its number. */
  addHook(hook: {
    readonly url: string;
    readonly secret?: string;
    /** Default: push. */
    readonly events?: readonly string[];
  }): number {
    const { url, secret, events = ['push'] } = hook;
    const added = addHook(this.#world, this.#repository, {
      config: { url, content_type: 'json', ...(secret === undefined ? {} : { secret }) },
      events,
      active: true,
      sender: this.#world.accounts.user('octocat'),
    });
    return added.id;
  }

  /** A commit on a branch, which starts at the default branch if it is not there yet. Returns its id. */
  async pushTo(branch: string, files: Readonly<Record<string, FileChange>>): Promise<string> {
    if ((await this.head(branch)) === null) await this.setBranch(branch, await this.head());
    return await this.commit(files, { branch, message: `change ${branch}` });
  }

  /** Another's copy, with all branches. */
  async fork(login = 'mallory'): Promise<FakeRepository> {
    const world = this.#world;
    const id = world.nextId();
    const directory = join(this.directory, '..', `${id}.git`);
    const { defaultBranch } = this.#repository;
    const git = await BareRepository.create(directory, defaultBranch);
    await git.text('fetch', '--quiet', this.directory, '+refs/heads/*:refs/heads/*');
    const fork: Repository = {
      ...this.#repository,
      id,
      owner: world.accounts.user(login),
      formerNames: [],
      git,
      hooks: [],
      labels: [],
      issues: [],
      pulls: [],
      deployments: [],
      checkRuns: [],
      parent: this.#repository,
    };
    world.repositories.set(id, fork);
    return new FakeRepository(world, fork);
  }

  /** Commits `files` on a branch first, which starts at the default branch if it is not there yet. */
  async openPullRequest(of: NewPullRequest = {}): Promise<FakePull> {
    const { files, from = this, base = this.#repository.defaultBranch } = of;
    const branch = of.branch ?? `change-${this.#repository.issues.length + 1}`;
    if (files !== undefined) await from.pushTo(branch, files);
    const pull = await openPull(this.#world, this.#repository, {
      head: { repository: from.#repository, branch },
      base,
      title: of.title ?? `Change ${branch}`,
      body: of.body ?? null,
      isDraft: of.draft ?? false,
      author: this.#world.accounts.user(of.author ?? from.#author()),
    });
    return this.#handle(pull);
  }

  /** One that somebody, or something, has opened. */
  pullRequest(number: number): FakePull {
    const pull = this.#repository.pulls.find((each) => each.number === number);
    if (pull === undefined) throw new Error(`there is no pull request #${number}`);
    return this.#handle(pull);
  }

  get pullRequests(): readonly FakePull[] {
    return this.#repository.pulls.map((pull) => this.#handle(pull));
  }

  /** Oldest first, each with all its states. */
  get deployments(): readonly Deployment[] {
    return this.#repository.deployments;
  }

  get checkRuns(): readonly CheckRun[] {
    return this.#repository.checkRuns;
  }

  /** The Re-run button of a check run. */
  rerun(checkRun: CheckRun): void {
    rerequest(this.#world, this.#repository, checkRun, this.#world.accounts.user('octocat'));
  }

  /** Returns the number of the issue. */
  openIssue(title = 'an issue'): number {
    const { issues } = this.#repository;
    const issue: Issue = {
      id: this.#world.nextId(),
      number: issues.length + 1,
      title,
      body: null,
      author: this.#world.accounts.user('octocat'),
      createdAt: this.#world.clock.now(),
      comments: [],
      pull: null,
    };
    issues.push(issue);
    return issue.number;
  }

  #handle(pull: PullRequest): FakePull {
    const { repository: of, branch } = pull.head;
    const head = new FakeRepository(this.#world, of);
    const commit = async (files: Readonly<Record<string, FileChange>>): Promise<string> =>
      await head.pushTo(branch, files);
    return new FakePull({ world: this.#world, repository: this.#repository, pull, commit });
  }

  #author(): string {
    const { owner } = this.#repository;
    return owner.type === 'User' ? owner.login : 'octocat';
  }

  async #announce(branch: string, before: string | null, after: string | null): Promise<void> {
    if (before === after) return;
    const change = { ref: `refs/heads/${branch}`, before, after };
    const pusher = this.#world.accounts.user('octocat');
    await announcePush(this.#world, this.#repository, [change], pusher);
  }

  #person(): GitPerson {
    const user = this.#world.accounts.user('octocat');
    const date = isoTime(this.#world.clock.now());
    return { name: user.login, email: noReplyAddress(user), date };
  }
}
