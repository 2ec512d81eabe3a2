import type { FakeEngine } from '../../support/fake-engine.ts';
import type { World, WorldOptions } from '../../support/world.ts';
import { stackFile, stackOf } from '../flow-world.ts';

/** One thing that can go wrong, made to happen. */
export interface RedScenario {
  /** Completes "… is told". */
  readonly name: string;
  /** The line of docs/statuses.md that it is an example of. */
  readonly line: string;
  /** All that is said, exactly. `{…}` is what `arrange` says; `{grid}` is the world's grid, `*` a number that is not the same each time. */
  readonly said: string;
  readonly options?: () => Promise<Partial<WorldOptions>>;
  /** Beside an empty grid.yml and a stack `web` of one service. */
  readonly files?: Readonly<Record<string, string>>;
  readonly arrange: (world: World, engine: FakeEngine) => Promise<Told>;
}

/** What it was told of. */
export interface Told {
  readonly sha: string;
  readonly words?: Readonly<Record<string, string>>;
}

export type Files = Readonly<Record<string, string | null>>;

export const web = (of: Parameters<typeof stackOf>[1] = {}): Readonly<Record<string, string>> => ({
  [stackFile('web')]: stackOf('web', of),
});

export const WEB_FILE: string = `grids/{grid}/${stackFile('web')}`;

/** A key that there is not. */
export const MISSPELT: Readonly<Record<string, string>> = {
  [stackFile('web')]: stackOf('web').replace('image:', 'imag:'),
};

export const short = (sha: string): string => sha.slice(0, 7);

export function pushing(files: Files): (world: World) => Promise<Told> {
  return async (world) => ({ sha: await world.push(files) });
}

/** The files of a pull request are named from the repository's root. */
export function inGrid({ grid }: World, files: Files): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => [`grids/${grid}/${path}`, text]),
  );
}
