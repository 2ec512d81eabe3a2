import type { Webhook, WebhookAnswer } from '../http/operations.ts';
import type { Repository } from '../sync/repository.ts';
import type { Announcer } from './announcer.ts';
import type { GridOwners } from './grid-owners.ts';
import type { RepositoryPart } from './repository-part.ts';

/** All repositories that the master follows. */
export class Repositories {
  readonly parts: readonly RepositoryPart[];
  readonly #owners: GridOwners;
  readonly #quiet: Announcer;

  /** `quiet` speaks for commits of repositories that are not followed any more. */
  constructor(of: {
    readonly parts: readonly RepositoryPart[];
    readonly owners: GridOwners;
    readonly quiet: Announcer;
  }) {
    this.parts = of.parts;
    this.#owners = of.owners;
    this.#quiet = of.quiet;
  }

  named(name: string): RepositoryPart | null {
    return this.parts.find((part) => part.name === name) ?? null;
  }

  /** The one that a grid belongs to. */
  ofGrid(grid: string): RepositoryPart | null {
    const owner = this.#owners.ownerOf(grid);
    if (owner !== null) return this.named(owner);
    const holding = this.parts.filter((part) => part.holdsGrids);
    return holding.length === 1 ? (holding[0] ?? null) : null;
  }

  /** The one that has a commit of a grid; an empty name means the grid's own. */
  ofCommit(of: { readonly grid: string; readonly repository: string }): RepositoryPart | null {
    return of.repository === '' ? this.ofGrid(of.grid) : this.named(of.repository);
  }

  announcer(of: { readonly grid: string; readonly repository: string }): Announcer {
    return this.ofCommit(of)?.announcer ?? this.#quiet;
  }

  /** `null`: it is not followed any more. */
  source(of: { readonly grid: string; readonly repository: string }): Repository | null {
    return this.ofCommit(of)?.repository ?? null;
  }

  /**
   * A delivery is for whom it is signed for: each repository sees whether it fits one of its own secrets, and whether it is
   * about it.
   */
  readonly webhook: Webhook = async (headers, rawBody, provider) => {
    let refusal: WebhookAnswer | null = null;
    let answer: WebhookAnswer | null = null;
    for (const { intake } of this.parts) {
      const given = await intake.handle(headers, rawBody, provider);
      if (given.status >= 400) refusal ??= given;
      else answer ??= given;
    }
    return answer ?? refusal ?? unsigned;
  };

  wake(): void {
    for (const { loop } of this.parts) loop.wake();
  }

  async stop(): Promise<void> {
    await Promise.all(this.parts.map(async ({ loop }) => await loop.stop()));
  }
}

const unsigned: WebhookAnswer = {
  status: 401,
  body: { error: { code: 'webhook-refused', message: 'the signature is missing or wrong' } },
};
