import type { TrackedOptions } from '../../src/master/options.ts';
import type { FakeRepository } from '../forge/fake-repository.ts';
import type { CommitStatus } from '../forge/world.ts';
import { createWorkRepository, type WorkRepository } from '../support/temp-repo.ts';
import type { World } from '../support/world.ts';

/** Another repository at the world's forge, that the master follows when it is started the next time. */
export class SecondRepository {
  readonly name: string;
  readonly repository: FakeRepository;
  readonly work: WorkRepository;
  readonly #world: World;
  readonly #secret: string;

  constructor(of: {
    readonly name: string;
    readonly world: World;
    readonly repository: FakeRepository;
    readonly work: WorkRepository;
  }) {
    this.name = of.name;
    this.repository = of.repository;
    this.work = of.work;
    this.#world = of.world;
    this.#secret = `the secret of ${of.name}`;
  }

  /** With a webhook secret of its own. */
  options(over: Partial<TrackedOptions> = {}): TrackedOptions {
    const { name, repository } = this;
    return { ...this.#world.tracked(name, repository), webhookSecrets: [this.#secret], ...over };
  }

  addWebhook(): void {
    const url = `${this.#world.master.url}/webhooks/github`;
    this.repository.addHook({ url, secret: this.#secret });
  }

  /** Writes the files, commits and pushes. Returns the commit. */
  async push(files: Readonly<Record<string, string | null>>): Promise<string> {
    for (const [path, text] of Object.entries(files)) {
      if (text === null) await this.work.remove(path);
      else await this.work.write(path, text);
    }
    const sha = await this.work.commit();
    await this.work.push();
    return sha;
  }

  async final(sha: string): Promise<CommitStatus> {
    const { github, grid } = this.#world;
    return await github.waitForStatus(
      sha,
      `gridops/${grid}`,
      ({ state, repository }) =>
        state !== 'pending' && repository.name === this.repository.fullName.split('/')[1],
      30_000,
    );
  }

  async dispose(): Promise<void> {
    await this.work.dispose();
  }
}

export async function secondRepository(world: World, name: string): Promise<SecondRepository> {
  const repository = await world.github.createRepository({ name });
  const token = world.github.createToken();
  const remote = repository.cloneUrl.replace('://', `://octocat:${token}@`);
  const work = await createWorkRepository({ remote });
  return new SecondRepository({ name, world, repository, work });
}
