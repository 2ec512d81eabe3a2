import { compareText } from '../model/identity.ts';
import type { GridOwnerRecord } from '../store/grid-owners.ts';

export interface GridOwnersOptions {
  /** The repositories that hold grids, in the order of the settings. */
  readonly repositories: readonly string[];
  /** What was kept when the process before this one ended. */
  readonly known: readonly GridOwnerRecord[];
}

/** What a look at a repository changed. */
export interface OwnerChanges {
  /** Grids that belong to another repository now than before; those are to be kept. */
  readonly moved: readonly GridOwnerRecord[];
  /** Grids of which others than their owner have come or gone. */
  readonly contested: readonly string[];
}

/**
 * Which repository a grid belongs to: the one that had it first, for as long as it has it. When its owner drops it and another
 * one has it, it goes over to that one; when nobody else has it, it stays, and is a problem of its owner.
 *
 * What cannot be read has what it had (safety rule 1). One that was never read may have anything: before it has been, no
 * repository that comes after it in the settings is given a grid that has no owner.
 */
export class GridOwners {
  readonly #order: readonly string[];
  readonly #owners: Map<string, string>;
  readonly #has = new Map<string, ReadonlySet<string>>();

  constructor({ repositories, known }: GridOwnersOptions) {
    this.#order = repositories;
    this.#owners = new Map(known.map(({ grid, repository }) => [grid, repository]));
  }

  /** `null`: none, or one that is not in the settings any more. */
  ownerOf(grid: string): string | null {
    const owner = this.#owners.get(grid) ?? null;
    return owner !== null && this.#order.includes(owner) ? owner : null;
  }

  /** By name. */
  ownedBy(repository: string): readonly string[] {
    const owned = [...this.#owners].filter(([, owner]) => owner === repository);
    return owned.map(([grid]) => grid).toSorted(compareText);
  }

  /** Those that have the grid, too, in the order of the settings. */
  rivals(grid: string): readonly string[] {
    const owner = this.ownerOf(grid);
    return this.#order.filter((name) => name !== owner && this.#hasGrid(name, grid));
  }

  /** The grids that a repository has, and that are another one's. */
  refusedTo(repository: string): readonly GridOwnerRecord[] {
    return [...(this.#has.get(repository) ?? [])].toSorted(compareText).flatMap((grid) => {
      const owner = this.ownerOf(grid);
      return owner === null || owner === repository ? [] : [{ grid, repository: owner }];
    });
  }

  /** Grids that a repository has and that wait: one that comes before it was never read. */
  waitingOf(repository: string): readonly string[] {
    const has = [...(this.#has.get(repository) ?? [])];
    return has.filter((grid) => this.ownerOf(grid) === null).toSorted(compareText);
  }

  /** The newest commit of a repository has these grids. */
  saw(repository: string, grids: readonly string[]): OwnerChanges {
    const before = this.#has.get(repository);
    const now = new Set(grids);
    this.#has.set(repository, now);
    const changed =
      before === undefined
        ? new Set([...this.#has.values()].flatMap((has) => [...has]))
        : differences(before, now);
    const moved = [...changed].flatMap((grid) => this.#settle(grid) ?? []);
    const own = before === undefined ? now : changed;
    const contested = [...own].filter((grid) => this.#isContested(grid, repository));
    return { moved, contested: contested.toSorted(compareText) };
  }

  #settle(grid: string): GridOwnerRecord | null {
    const owner = this.ownerOf(grid);
    if (owner !== null && (!this.#has.has(owner) || this.#hasGrid(owner, grid))) return null;
    const next = this.#firstWith(grid, owner);
    if (next === null) return null;
    this.#owners.set(grid, next);
    return { grid, repository: next };
  }

  #firstWith(grid: string, owner: string | null): string | null {
    for (const name of this.#order) {
      if (!this.#has.has(name)) return null;
      if (name !== owner && this.#hasGrid(name, grid)) return name;
    }
    return null;
  }

  /** The repository that was looked at is not the owner, or has just become it while others have the grid. */
  #isContested(grid: string, repository: string): boolean {
    return this.ownerOf(grid) !== repository || this.rivals(grid).length > 0;
  }

  #hasGrid(repository: string, grid: string): boolean {
    return this.#has.get(repository)?.has(grid) === true;
  }
}

function differences(one: ReadonlySet<string>, other: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...one, ...other].filter((name) => one.has(name) !== other.has(name)));
}
