import { digest } from '../model/digest.ts';
import type { Stack } from '../model/grid.ts';
import { compareText } from '../model/identity.ts';
import { isOpen, type PreviewEnvironment } from '../model/preview-environment.ts';
import type { PlanScope } from '../planner/scope.ts';
import { wholeGrid } from '../planner/scope.ts';
import type { PreviewEnvironmentRecords } from '../store/preview-environments.ts';

export interface EnvironmentsOptions {
  readonly records: PreviewEnvironmentRecords;
  /** What is to run in the grid for pull requests has changed. */
  readonly onChange: (grid: string) => void;
}

type Key = Pick<PreviewEnvironment, 'grid' | 'repository' | 'request'>;

/**
 * What runs for pull requests, in all grids. Durable first: whatever cannot be asked for (the forge, the repository), what
 * runs goes on, also after a restart.
 */
export class Environments {
  readonly #options: EnvironmentsOptions;
  readonly #ofGrid = new Map<string, readonly PreviewEnvironment[]>();
  readonly #scopes = new WeakMap<readonly PreviewEnvironment[], PlanScope>();

  constructor(options: EnvironmentsOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    for (const one of await this.#options.records.list()) this.#note(one);
  }

  /** Also closed ones of which something is left, by request. The same object while nothing changes. */
  of(grid: string): readonly PreviewEnvironment[] {
    return this.#ofGrid.get(grid) ?? none;
  }

  /** What pull requests run in it. */
  stacks(grid: string): readonly Stack[] {
    return this.of(grid).flatMap((one) => one.stacks);
  }

  find({ grid, repository, request }: Key): PreviewEnvironment | null {
    const isIt = (one: PreviewEnvironment) =>
      one.repository === repository && one.request === request;
    return this.of(grid).find(isIt) ?? null;
  }

  /** All that are open. */
  get open(): readonly PreviewEnvironment[] {
    return [...this.#ofGrid.values()].flat().filter(isOpen);
  }

  openOf(repository: string): readonly PreviewEnvironment[] {
    return this.open.filter((one) => one.repository === repository);
  }

  /** For plans of the grid's own stacks. */
  scope(grid: string): PlanScope {
    const environments = this.of(grid);
    if (environments.length === 0) return wholeGrid;
    const known = this.#scopes.get(environments);
    if (known !== undefined) return known;
    const scope = {
      visitors: new Map(
        environments.flatMap(({ names, request }) => names.map((name) => [name, request] as const)),
      ),
      isVisiting: false,
      others: [],
    };
    this.#scopes.set(environments, scope);
    return scope;
  }

  /** False where exactly this runs already. */
  async put(wanted: Omit<PreviewEnvironment, 'names' | 'outcome'>): Promise<boolean> {
    const before = this.find(wanted);
    const isSame = before !== null && sameStacks(before, wanted);
    if (isSame && before.head === wanted.head && before.url === wanted.url) return false;
    const names = new Set([...(before?.names ?? []), ...wanted.stacks.map(({ name }) => name)]);
    await this.#keep({
      ...wanted,
      // Planners know stacks by identity.
      stacks: isSame ? before.stacks : wanted.stacks,
      names: [...names].toSorted(compareText),
      outcome: null,
    });
    return true;
  }

  /** Nothing of it is wanted any more. False when nothing was. */
  async close(of: Key): Promise<boolean> {
    const before = this.find(of);
    if (before === null || !isOpen(before)) return false;
    await this.#keep({ ...before, stacks: [], outcome: null });
    return true;
  }

  async told(of: PreviewEnvironment, outcome: PreviewEnvironment['outcome']): Promise<void> {
    const known = this.find(of);
    if (known !== of) return;
    const told = { ...known, outcome };
    await this.#options.records.put(told);
    this.#note(told);
  }

  /** Forgets names of stacks of which nothing is left. */
  async settle(grid: string, isLeft: (stack: string) => boolean): Promise<void> {
    for (const one of this.of(grid)) {
      const wanted = new Set(one.stacks.map(({ name }) => name));
      const names = one.names.filter((name) => wanted.has(name) || isLeft(name));
      if (names.length === one.names.length) continue;
      if (names.length > 0) await this.#keep({ ...one, names });
      else await this.#drop(one);
    }
  }

  async #keep(environment: PreviewEnvironment): Promise<void> {
    await this.#options.records.put(environment);
    this.#note(environment);
    this.#options.onChange(environment.grid);
  }

  async #drop(environment: PreviewEnvironment): Promise<void> {
    await this.#options.records.remove(environment);
    const { grid } = environment;
    const left = this.of(grid).filter((one) => one !== environment);
    if (left.length === 0) this.#ofGrid.delete(grid);
    else this.#ofGrid.set(grid, left);
    this.#options.onChange(grid);
  }

  #note(environment: PreviewEnvironment): void {
    const { grid } = environment;
    const others = this.of(grid).filter((one) => !isSameKey(one, environment));
    const all = [...others, environment].toSorted(
      (a, b) => a.request - b.request || compareText(a.repository, b.repository),
    );
    this.#ofGrid.set(grid, all);
  }
}

const none: readonly PreviewEnvironment[] = [];

function isSameKey(a: Key, b: Key): boolean {
  return a.grid === b.grid && a.repository === b.repository && a.request === b.request;
}

function sameStacks(
  a: Pick<PreviewEnvironment, 'stacks'>,
  b: Pick<PreviewEnvironment, 'stacks'>,
): boolean {
  return digest(a.stacks) === digest(b.stacks);
}
