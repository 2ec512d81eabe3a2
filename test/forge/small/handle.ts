import { join } from 'node:path';
import { BareRepository, type FileChange, type GitPerson } from '../bare-repository.ts';
import { fetchCommit, mergeCommit } from '../merging.ts';
import { addComment } from './comments.ts';
import type { Dialect } from './dialect.ts';
import { addPull } from './pulls.ts';
import {
  NOTHING,
  type Person,
  type SmallComment,
  type SmallEvent,
  type SmallPull,
  type SmallRepository,
  type SmallWorld,
} from './state.ts';

interface Parts {
  readonly world: SmallWorld;
  readonly directory: string;
  readonly dialect: Dialect;
  readonly person: (login: string) => Person;
  readonly tell: (repository: SmallRepository, event: SmallEvent) => void;
}

const robot: GitPerson = { name: 'dev', email: 'dev@example.com', date: '2026-01-01T00:00:00Z' };

/** A repository as people see it who work on the host's pages. Hooks are told of everything. */
export class SmallHandle {
  readonly repository: SmallRepository;
  readonly #parts: Parts;

  private constructor(parts: Parts, repository: SmallRepository) {
    this.#parts = parts;
    this.repository = repository;
  }

  static async create(
    parts: Parts & {
      readonly named: { readonly owner: string; readonly name: string };
      readonly parent?: SmallRepository;
    },
  ): Promise<SmallHandle> {
    const { world, directory, named, parent = null } = parts;
    const id = world.nextId();
    const git = await BareRepository.create(join(directory, `${id}.git`), 'main');
    const repository = { id, ...named, git, parent, isPrivate: true, pulls: [], hooks: [] };
    world.repositories.push(repository);
    return new SmallHandle(parts, repository);
  }

  async head(branch = 'main'): Promise<string> {
    return (await this.repository.git.resolve(`refs/heads/${branch}`)) ?? '';
  }

  addHook(url: string, secret: string): void {
    this.repository.hooks.push({ url, secret });
  }

  /** On a branch, which starts at the default branch if it is not there yet. */
  async commit(files: Readonly<Record<string, FileChange>>, branch = 'main'): Promise<string> {
    const { git } = this.repository;
    if ((await this.head(branch)) === '' && branch !== 'main')
      await git.setRef(`refs/heads/${branch}`, await this.head());
    const before = await this.head(branch);
    const after = await git.add({ branch, message: 'a change', author: robot, files });
    await this.moved(branch, before === '' ? null : before, after);
    return after;
  }

  async fork(login: string): Promise<SmallHandle> {
    const { repository } = this;
    const named = { owner: login, name: repository.name };
    const fork = await SmallHandle.create({ ...this.#parts, named, parent: repository });
    const { git } = fork.repository;
    await git.text('fetch', '--quiet', repository.git.directory, '+refs/heads/*:refs/heads/*');
    return fork;
  }

  async openPull(of: {
    readonly branch: string;
    readonly files?: Readonly<Record<string, FileChange>>;
    readonly base?: string;
    readonly from?: SmallHandle;
    readonly draft?: boolean;
    readonly author?: string;
    readonly title?: string;
  }): Promise<SmallPull> {
    const { branch, files, from = this, base = 'main', draft = false, author = 'octocat' } = of;
    if (files !== undefined) await from.commit(files, branch);
    const pull = addPull(this.repository, {
      title: of.title ?? `Change ${branch}`,
      body: '',
      author: this.#parts.person(author),
      from: from.repository,
      branch,
      base,
      head: await from.head(branch),
      isDraft: draft,
    });
    await this.#refresh(pull);
    this.#parts.tell(this.repository, { kind: 'pull', pull, what: 'opened' });
    return pull;
  }

  comment(pull: SmallPull, body: string, login: string): SmallComment {
    const author = this.#parts.person(login);
    const comment = addComment(this.#parts.world, pull, { author, body });
    this.#parts.tell(this.repository, { kind: 'comment', pull, comment });
    return comment;
  }

  async merge(pull: SmallPull): Promise<string> {
    const base = await this.head(pull.base);
    const of = { base, head: pull.head, message: `Merge ${pull.branch}`, person: robot };
    const merged = await mergeCommit(this.repository, of);
    if (merged === null) throw new Error('it cannot be merged');
    await this.repository.git.setRef(`refs/heads/${pull.base}`, merged);
    Object.assign(pull, { state: 'merged', mergeCommit: merged, updatedAt: Date.now() });
    this.#parts.tell(this.repository, { kind: 'pull', pull, what: 'merged' });
    await this.moved(pull.base, base, merged);
    return merged;
  }

  close(pull: SmallPull, into = this.repository): void {
    Object.assign(pull, { state: 'closed', updatedAt: Date.now() });
    this.#parts.tell(into, { kind: 'pull', pull, what: 'closed' });
  }

  /** Tells of a branch that somebody has made, moved or (`null`) deleted, and what becomes of its pull requests. */
  async moved(branch: string, before: string | null, after: string | null): Promise<void> {
    const { repository } = this;
    const isMove = before !== null && after !== null;
    const isForced = isMove && !(await repository.git.isAncestor(before, after));
    const sides = { before: before ?? NOTHING, after: after ?? NOTHING };
    this.#parts.tell(repository, { kind: 'push', branch, ...sides, isForced });
    for (const into of [repository, ...(repository.parent === null ? [] : [repository.parent])])
      for (const pull of into.pulls)
        if (pull.from === repository && pull.branch === branch && pull.state === 'open')
          await this.#follow(pull, into, after);
  }

  async #follow(pull: SmallPull, into: SmallRepository, head: string | null): Promise<void> {
    const { dialect, tell } = this.#parts;
    if (head === null) {
      if (dialect.closesWithBranch) this.close(pull, into);
      return;
    }
    Object.assign(pull, { head, updatedAt: Date.now() });
    await this.#refresh(pull, into);
    tell(into, { kind: 'pull', pull, what: 'updated' });
  }

  async #refresh(pull: SmallPull, into = this.repository): Promise<void> {
    await fetchCommit(pull.from, into, `refs/heads/${pull.branch}`);
    const ref = this.#parts.dialect.refOf(pull.number);
    if (ref !== null) await into.git.setRef(ref, pull.head);
  }
}
