import { errorMessage } from '../model/error.ts';
import type { Problem } from '../model/problem.ts';
import type { Log } from '../runtime/log.ts';
import type { GridOwnerRecord } from '../store/grid-owners.ts';
import type { GridOwners } from './grid-owners.ts';
import type { GridHead } from './revision.ts';

/** What is asked of a repository that holds grids. */
export interface GridSource {
  readonly name: string;
  readonly repository: {
    /** What was found last, by an earlier process, too. */
    readonly head: string | null;
    grids(sha: string): Promise<readonly string[]>;
    inputs(sha: string, grid: string): Promise<string | null>;
  };
  /** Its commit has a grid that is another one's. */
  refuse(of: {
    readonly grid: string;
    readonly sha: string;
    readonly owner: string;
  }): Promise<void>;
}

export interface GridHeadsOptions {
  readonly sources: readonly GridSource[];
  readonly owners: GridOwners;
  readonly keepOwner: (owner: GridOwnerRecord) => Promise<void>;
  /** Grids that the master knows, whether a commit has them or not. */
  readonly knownGrids: () => readonly string[];
  /** It has no node: where no commit has it either, nothing is left of it that anybody could miss. */
  readonly isDeserted: (grid: string) => boolean;
  /** Adds what the grid's inputs are beside its own files. `null`: not known yet; `refresh` comes when it is. */
  readonly complete: (grid: string, head: GridHead) => Promise<GridHead | null>;
  readonly onHead: (grid: string, head: GridHead) => void;
  readonly log: Log;
}

/**
 * From the branches of repositories to the heads of grids. One publication at a time, whatever it was that moved: an older head
 * of a grid never comes after a newer one.
 */
export class GridHeads {
  readonly #options: GridHeadsOptions;
  readonly #heads = new Map<string, string>();
  readonly #published = new Map<string, GridHead>();
  /** By repository: grids that a look at it has found to be told, and that were not yet. A look finds a change once. */
  readonly #due = new Map<string, Set<string>>();
  /** Owners that are not kept yet. */
  readonly #unkept = new Map<string, GridOwnerRecord>();
  #last: Promise<void> = Promise.resolve();

  constructor(options: GridHeadsOptions) {
    this.#options = options;
  }

  /** What an earlier process has read says what a repository has that cannot be read now. Never rejects. */
  async load(): Promise<void> {
    for (const source of this.#options.sources) {
      const { head } = source.repository;
      if (head === null) continue;
      try {
        await this.#look(source, head);
        await this.#keepOwners();
      } catch {
        // Not whole any more: as if it had never been read.
      }
    }
  }

  /** The branch of a repository is at a commit. Rejects when that, or one of its grids, cannot be read: to be called again. */
  async publish(name: string, head: string): Promise<void> {
    const source = this.#options.sources.find((one) => one.name === name);
    if (source === undefined) return;
    await this.#inTurn(async () => {
      const due = this.#due.get(name) ?? new Set();
      this.#due.set(name, due);
      for (const grid of await this.#look(source, head)) due.add(grid);
      await this.#keepOwners();
      for (const grid of this.#ownGrids(name)) due.add(grid);
      const grids = due.size;
      await this.#reviseAll(due);
      for (const { grid, repository } of this.#options.owners.refusedTo(name))
        await source.refuse({ grid, sha: head, owner: repository });
      this.#options.log.info({ repository: name, head, grids }, 'branch moved');
    });
  }

  /** Something else that these grids are made of has moved. Rejects when one of them could not be told. */
  async refresh(grids: readonly string[]): Promise<void> {
    await this.#inTurn(async () => await this.#reviseAll(new Set(grids)));
  }

  /** The newest head of each grid that was told. */
  get published(): ReadonlyMap<string, GridHead> {
    return this.#published;
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    await turn;
  }

  /** Gives the grids of other repositories that are to be looked at again, too. */
  async #look(source: GridSource, head: string): Promise<readonly string[]> {
    const grids = await source.repository.grids(head);
    this.#heads.set(source.name, head);
    const { moved, contested } = this.#options.owners.saw(source.name, grids);
    for (const owner of moved) this.#unkept.set(owner.grid, owner);
    return [...moved.map(({ grid }) => grid), ...contested];
  }

  async #keepOwners(): Promise<void> {
    for (const owner of this.#unkept.values()) {
      await this.#options.keepOwner(owner);
      this.#unkept.delete(owner.grid);
    }
  }

  #ownGrids(name: string): readonly string[] {
    const { owners, sources, knownGrids } = this.#options;
    const isOnly = sources.length === 1;
    return isOnly ? [...owners.ownedBy(name), ...knownGrids()] : owners.ownedBy(name);
  }

  /** One that cannot be told keeps no other from being told; it stays in the set. */
  async #reviseAll(due: Set<string>): Promise<void> {
    let fault: Error | null = null;
    for (const grid of due) {
      try {
        await this.#revise(grid);
        due.delete(grid);
      } catch (error) {
        fault ??= error instanceof Error ? error : new Error(errorMessage(error));
      }
    }
    if (fault !== null) throw fault;
  }

  async #revise(grid: string): Promise<void> {
    const { owners, sources, isDeserted, complete, onHead } = this.#options;
    const owner = owners.ownerOf(grid) ?? (sources.length === 1 ? sources[0]?.name : null);
    const source = sources.find(({ name }) => name === owner);
    const sha = this.#heads.get(source?.name ?? '');
    if (source === undefined || sha === undefined) return;
    const inputs = await source.repository.inputs(sha, grid);
    if (inputs === null && isDeserted(grid)) return;
    const rivals = owners.rivals(grid);
    const remarks = rivals.map((rival) => rivalRemark(grid, source.name, rival));
    const head = await complete(grid, {
      repository: source.name,
      sha,
      inputs,
      ...(remarks.length === 0 ? {} : { remarks }),
    });
    if (head === null) return;
    this.#published.set(grid, head);
    onHead(grid, head);
  }
}

function rivalRemark(grid: string, owner: string, rival: string): Problem {
  return {
    severity: 'warning',
    code: 'grid-taken',
    message: `the repository ${rival} has a grid ${grid}, too; it stays with ${owner}, which had it first`,
    hint: `Remove the folder grids/${grid} in one of the two. If it is removed in ${owner}, the grid goes over to ${rival} with all that runs.`,
    position: { file: `grids/${grid}/grid.yml`, line: 1, column: 1 },
  };
}
