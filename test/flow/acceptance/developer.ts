import { createWorkRepository, type WorkRepository } from '../../support/temp-repo.ts';

/** Somebody with a clone, who pushes by Git. */
export class Developer {
  readonly #work: WorkRepository;
  readonly #branches = new Set<string>();

  private constructor(work: WorkRepository) {
    this.#work = work;
  }

  /** With the branch `main` as these files, whatever was there. */
  static async begin(
    remote: string,
    files: Readonly<Record<string, string>>,
  ): Promise<{ readonly developer: Developer; readonly first: string }> {
    const work = await createWorkRepository({ remote });
    const first = await work.commitFiles(files, 'first');
    await work.forcePush();
    return { developer: new Developer(work), first };
  }

  async push(files: Readonly<Record<string, string | null>>): Promise<string> {
    await this.#write(files);
    return await this.#work.shell(`${COMMIT}; git push -q origin main`);
  }

  /** Instead of everything since a commit, by force. */
  async rewrite(from: string, files: Readonly<Record<string, string | null>>): Promise<string> {
    await this.#work.reset(from);
    await this.#write(files);
    return await this.#work.shell(`${COMMIT}; git push -q --force origin main`);
  }

  async revert(sha: string): Promise<string> {
    const revert = await this.#work.revert(sha);
    await this.#work.push();
    return revert;
  }

  /** On a branch that begins at `main`; `anew`: again, by force. */
  async branch(
    name: string,
    files: Readonly<Record<string, string | null>>,
    { anew = false } = {},
  ): Promise<string> {
    const isNew = anew || !this.#branches.has(name);
    this.#branches.add(name);
    await this.#work.git('checkout', '-q', ...(isNew ? ['-B', name, 'main'] : [name]));
    await this.#write(files);
    const refspec = `${anew ? '+' : ''}${name}:refs/heads/${name}`;
    const script = `${COMMIT}; git push -q origin "$1"; git checkout -q main`;
    return await this.#work.shell(script, refspec);
  }

  async deleteBranch(name: string): Promise<void> {
    await this.#work.git('push', '-q', 'origin', `:refs/heads/${name}`);
  }

  async leave(): Promise<void> {
    await this.#work.dispose();
  }

  async #write(files: Readonly<Record<string, string | null>>): Promise<void> {
    for (const [path, text] of Object.entries(files))
      if (text === null) await this.#work.remove(path);
      else await this.#work.write(path, text);
  }
}

/** Prints the commit's id. */
const COMMIT = 'git add --all; git commit -q --allow-empty -m "a change"; git rev-parse HEAD';
