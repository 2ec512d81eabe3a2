import type { User } from './accounts.ts';
import type { FileChange } from './bare-repository.ts';
import { enqueue, finish, type MergeGroup } from './merge-queue.ts';
import { closePull, reopenPull, retarget, retitle, setDraft } from './pulls.ts';
import { addComment, removeComment } from './resources/comments.ts';
import { carryOutMerge } from './resources/pulls.ts';
import type { IssueComment, PullRequest, Repository, World } from './world.ts';

interface Handle {
  readonly world: World;
  readonly repository: Repository;
  readonly pull: PullRequest;
  /** Commits to the branch of its head. */
  readonly commit: (files: Readonly<Record<string, FileChange>>) => Promise<string>;
}

/** A pull request as people see it who work on GitHub's pages. Everything here tells the hooks. */
export class FakePull {
  readonly #of: Handle;

  constructor(of: Handle) {
    this.#of = of;
  }

  get number(): number {
    return this.#of.pull.number;
  }

  /** The commit that it proposes. */
  get head(): string {
    return this.#of.pull.headSha;
  }

  get isOpen(): boolean {
    return this.#of.pull.closedAt === null;
  }

  get comments(): readonly IssueComment[] {
    return this.#of.pull.issue.comments;
  }

  /** A further commit on its branch. Returns its id. */
  async push(files: Readonly<Record<string, FileChange>>): Promise<string> {
    return await this.#of.commit(files);
  }

  comment(text: string, login = 'octocat'): IssueComment {
    const { world, repository, pull } = this.#of;
    const author = world.accounts.user(login, login.endsWith('[bot]') ? 'Bot' : 'User');
    return addComment(world, { repository, issue: pull.issue, text, author });
  }

  removeComment(comment: IssueComment): void {
    const { world, repository } = this.#of;
    removeComment(world, { repository, comment }, this.#by());
  }

  /** Returns the commit that the base branch is at now. */
  async merge(method: 'merge' | 'squash' = 'merge'): Promise<string> {
    const merged = await carryOutMerge(this.#change(), method);
    if (merged === null) throw new Error(`#${this.number} cannot be merged`);
    return merged;
  }

  async close(): Promise<void> {
    await closePull(this.#change());
  }

  async reopen(): Promise<void> {
    await reopenPull(this.#change());
  }

  async setDraft(isDraft: boolean): Promise<void> {
    await setDraft(this.#change(), isDraft);
  }

  async retarget(base: string): Promise<void> {
    await retarget(this.#change(), base);
  }

  async retitle(title: string): Promise<void> {
    await retitle(this.#change(), title);
  }

  /** Its turn in the merge queue begins. */
  async enqueue(): Promise<MergeGroup> {
    return await enqueue(this.#change());
  }

  /** Its turn ends well. */
  async finish(group: MergeGroup): Promise<void> {
    await finish(this.#change(), group);
  }

  #change() {
    const { world, repository, pull } = this.#of;
    return { world, repository, pull, by: this.#by() };
  }

  #by(): User {
    return this.#of.world.accounts.user('octocat');
  }
}
