import { expect, it } from 'vitest';
import type { BenchName } from '../../forge/forge-bench.ts';
import { stackFile, stackOf } from '../flow-world.ts';
import { type AcceptanceOptions, AcceptanceWorld, GRID } from './acceptance-world.ts';

/** Starts the world of a scenario; `files` are added to a grid of one stack. */
export type Start = (options?: Partial<AcceptanceOptions>) => Promise<AcceptanceWorld>;

/** Registers a scenario for the forge at hand. */
export type Scenario = (
  title: string,
  run: (start: Start, forge: BenchName) => Promise<void>,
) => void;

/** Each has a world of its own, and none ends before the forge was asked whether it saw what no correct client does. */
export function scenarioAt(forge: BenchName): Scenario {
  return (title, run) => {
    it.concurrent(title, async () => {
      const worlds: AcceptanceWorld[] = [];
      try {
        await run(async ({ files = {}, ...options } = {}) => {
          const all = { ...usual, ...files };
          const world = await AcceptanceWorld.start(forge, { ...options, files: all });
          worlds.push(world);
          return world;
        }, forge);
      } finally {
        for (const world of worlds) await world.stop();
      }
      expect(worlds.flatMap(({ bench }) => bench.violations())).toEqual([]);
    });
  };
}

/** Of the grid. */
export function inGrid(path: string, grid = GRID): string {
  return `grids/${grid}/${path}`;
}

/** The stack that every scenario has. */
export function web(of: Parameters<typeof stackOf>[1] = {}): Record<string, string> {
  return { [inGrid(stackFile('web'))]: stackOf('web', of) };
}

export function stack(
  name: string,
  of: Parameters<typeof stackOf>[1] = {},
): Record<string, string> {
  return { [inGrid(stackFile(name))]: stackOf(name, of) };
}

const usual = { [inGrid('grid.yml')]: '', ...web() };
