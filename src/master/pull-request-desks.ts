import type { Compiler } from '../manifest/compile.ts';
import type { DesiredState } from '../model/desired.ts';
import type { Plan } from '../model/plan.ts';
import type { PreviewedSignature } from '../model/preview.ts';
import type { PreviewEnvironment } from '../model/preview-environment.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Store } from '../store/store.ts';
import { approveByHash } from './approve-by-hash.ts';
import type { ReadEnvironment } from './environment-reading.ts';
import type { Environments } from './environments.ts';
import type { Fleet } from './fleet.ts';
import type { Freezes } from './freezes.ts';
import type { EnvironmentVerdict } from './grid-environments.ts';
import type { GridSwitches } from './grid-switches.ts';
import type { Grids } from './grids.ts';
import { type PlanReview, unreviewed } from './plan-review.ts';
import { createPreviewTeller } from './preview-teller.ts';
import { PullRequestDesk, type PullRequestDeskOptions } from './pull-request-desk.ts';
import type { Repositories } from './repositories.ts';
import type { RepositoryPart } from './repository-part.ts';
import type { GridHead, ReadingPorts } from './revision.ts';
import { forgeName } from './tracked-repository.ts';
import type { Verification } from './verification.ts';
import type { Verifications } from './verifications.ts';
import type { OtherHint } from './webhook-intake.ts';

export interface DesksOptions {
  readonly repositories: Repositories;
  readonly store: Store;
  readonly grids: Grids;
  readonly fleet: Fleet;
  readonly freezes: Freezes;
  readonly switches: Pick<GridSwitches, 'freeze' | 'unfreeze'>;
  /** A head with what the grid takes from other repositories. */
  readonly complete: (grid: string, head: GridHead, signal: AbortSignal) => Promise<GridHead>;
  readonly environments: Environments;
  readonly readEnvironment: ReadEnvironment;
  /** How commits are read, without keeping anything of it as good. */
  readonly reading: (grid: string, compiler: Compiler) => ReadingPorts;
  /** One of its own: what a pull request says must not push out what is remembered of what runs. */
  readonly compiler: Compiler;
  readonly plan: (desired: DesiredState) => Plan;
  readonly verifications: Verifications;
  readonly publicUrl: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

/** For one look at what a preview takes from another repository. */
const LOOKUP_MILLISECONDS = 60_000;

/** The desks of all repositories that have a forge and grids. */
export class PullRequestDesks {
  readonly #repositories: Repositories;
  readonly #environments: Environments;
  readonly #desks = new Map<string, PullRequestDesk>();

  constructor(options: DesksOptions) {
    this.#repositories = options.repositories;
    this.#environments = options.environments;
    for (const part of options.repositories.parts) {
      const desk = part.holdsGrids ? openDesk(part, options) : null;
      if (desk !== null) this.#desks.set(part.name, desk);
    }
  }

  async start(): Promise<void> {
    for (const desk of this.#desks.values()) await desk.start();
    await this.#endStrays();
  }

  async stop(): Promise<void> {
    for (const desk of this.#desks.values()) await desk.stop();
  }

  /** After each look at a repository. */
  looked(repository: string): void {
    void this.#desks.get(repository)?.looked();
  }

  /** What nodes report of a grid may have changed. */
  observed(grid: string): void {
    this.#ofGrid(grid)?.observed(grid);
  }

  /** Rejects where the hint is to be given again. */
  async hint(repository: string, hint: OtherHint): Promise<void> {
    const desk = this.#desks.get(repository);
    if (desk === undefined) return;
    switch (hint.kind) {
      case 'comment': {
        const { commentId: id, number, author, body, at } = hint;
        return desk.comment({ id, number, author, body, at });
      }
      case 'merge-group':
        return desk.mergeGroup(hint);
      case 'pull-request':
        return desk.wake();
      case 'check-rerequested':
        return await desk.rerun(hint);
    }
  }

  /** What has become of what a request runs. */
  async environment(of: PreviewEnvironment, verdict: EnvironmentVerdict): Promise<void> {
    await this.#desks.get(of.repository)?.environment(of, verdict);
  }

  review(grid: string): PlanReview {
    const of = (): PlanReview => this.#ofGrid(grid)?.review(grid) ?? unreviewed;
    return {
      objection: (head, plan) => of().objection(head, plan),
      adopted: async (head, plan) => await of().adopted(head, plan),
    };
  }

  /** Of repositories that nobody asks for pull requests any more. */
  async #endStrays(): Promise<void> {
    for (const one of this.#environments.open)
      if (!this.#desks.has(one.repository)) await this.#environments.close(one);
  }

  #ofGrid(grid: string): PullRequestDesk | null {
    const part = this.#repositories.ofGrid(grid);
    return part === null ? null : (this.#desks.get(part.name) ?? null);
  }
}

function openDesk(part: RepositoryPart, of: DesksOptions): PullRequestDesk | null {
  const { forge, reporter, options } = part;
  if (forge === null || reporter === null) return null;
  const { branch } = options.repository;
  const [repository, clock] = [nameAt(forgeName(options)), of.clock];
  const { limits } = forge;
  const { publicUrl } = of;
  const { previews } = of.store;
  const owns = (grid: string): boolean => of.repositories.ofGrid(grid) === part;
  return new PullRequestDesk({
    ...of,
    name: part.name,
    repository,
    branch,
    forge,
    git: part.repository,
    head: async (sha, grid) => await headOf(part, of, { sha, grid }),
    base: () => part.loop.state.head,
    reading: (grid) => of.reading(grid, of.compiler),
    signature: async (sha, grid) => await signatureOf(of.verifications(part.name), sha, grid),
    teller: createPreviewTeller({
      repository,
      branch,
      limits,
      reporter,
      previews,
      publicUrl,
      clock,
    }),
    owns,
    makes: makerPorts(part, of),
    approve: async (hash, actor) => {
      const own = [...of.grids.running].filter(([grid]) => owns(grid));
      return await approveByHash(new Map(own), { hash, actor });
    },
  });
}

/** A grid that says nothing of previews has none: most are not read any further. */
const mention = /^\s*["']?previews\b/m;

function makerPorts(part: RepositoryPart, of: DesksOptions): PullRequestDeskOptions['makes'] {
  const { name, repository } = part;
  const { repositories, readEnvironment, verifications } = of;
  return {
    grids: async (base) => {
      const found: string[] = [];
      for (const grid of await repository.grids(base)) {
        if (repositories.ofGrid(grid) !== part) continue;
        const file = await repository.file(base, `grids/${grid}/grid.yml`);
        if (file?.kind === 'text' && mention.test(file.text)) found.push(grid);
      }
      return found;
    },
    objection: async (head, grid) => await verifications(name).verify(head, grid),
    stacks: async ({ grid, base, merged, request }) => {
      const inputs = await repository.inputs(merged, grid);
      return await readEnvironment({
        grid,
        request,
        base: await headOf(part, of, { sha: base, grid }),
        merged: { repository: name, sha: merged, inputs },
      });
    },
  };
}

/** A longer one is of somebody who is up to something. */
const LONGEST_TEXT = 500;

async function signatureOf(
  verification: Verification,
  sha: string,
  grid: string,
): Promise<PreviewedSignature | null> {
  if (!verification.isWanted(grid)) return null;
  const problem = await verification.verify(sha, grid);
  return problem === null
    ? { isGood: true, text: 'signed as the master wants it' }
    : { isGood: false, text: problem.message.slice(0, LONGEST_TEXT) };
}

async function headOf(
  { name, repository }: RepositoryPart,
  { complete }: DesksOptions,
  { sha, grid }: { readonly sha: string; readonly grid: string },
): Promise<GridHead> {
  const inputs = await repository.inputs(sha, grid);
  const head = { repository: name, sha, inputs };
  return await complete(grid, head, AbortSignal.timeout(LOOKUP_MILLISECONDS));
}

/** The last part is the repository; what is before it is its owner, or a group of groups. */
function nameAt(fullName: string): { readonly owner: string; readonly name: string } {
  const at = fullName.lastIndexOf('/');
  return { owner: fullName.slice(0, at), name: fullName.slice(at + 1) };
}
