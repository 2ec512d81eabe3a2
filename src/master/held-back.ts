import { compareProblems } from '../manifest/report.ts';
import { compareText } from '../model/identity.ts';
import type { Problem } from '../model/problem.ts';
import type { CompiledGrid } from './prepare.ts';

/** What compiled, without the stacks in which something was found wrong since. */
export function holdBack(
  compiled: CompiledGrid,
  found: ReadonlyMap<string, readonly Problem[]>,
): CompiledGrid {
  if (found.size === 0) return compiled;
  const { grid, stacks, failed, problems } = compiled;
  return {
    grid,
    stacks: stacks.filter(({ name }) => !found.has(name)),
    failed: [...failed, ...found.keys()].toSorted(compareText),
    problems: [...problems, ...[...found.values()].flat()].toSorted(compareProblems),
  };
}
