import type { GracePeriods, Strategy } from '../model/grid.ts';
import { parseDuration } from './durations.ts';
import type { GridHead } from './schema.ts';
import { parseAt, type Section } from './section.ts';
import { locate } from './tree.ts';

const strategies: readonly Strategy[] = ['ha', 'daemon', 'random'];

/** Seconds. In a shorter time an agent that is updated, or a network that stumbles, is not back. */
const SHORTEST = 10;

/** What the grid file says of how long nodes may be gone; strategies that it does not name are left out. */
export function readGracePeriods(section: Section<GridHead>): GracePeriods {
  const periods: Partial<Record<Strategy, number>> = {};
  for (const strategy of strategies) {
    const path = ['grace_period', strategy];
    const seconds = parseAt(section, path, section.value.grace_period?.[strategy], parseDuration);
    if (seconds === null) continue;
    periods[strategy] = seconds;
    if (seconds < SHORTEST)
      section.report.error(locate(section.node, path), {
        code: 'bad-duration',
        message: `a node that is gone for less than ${SHORTEST} s may only have its agent restarted: its instances would move for nothing`,
        hint: `Write "${SHORTEST}s" or more.`,
      });
  }
  return periods;
}
