import type { FaultKind, PlannedFault } from './schedule.ts';

/** What came of a fault; milliseconds until its target was seen well again, `null` where it never was. */
export interface Outcome {
  readonly fault: PlannedFault;
  /** Why it could not be made. */
  readonly skipped: string | null;
  readonly recovery: number | null;
}

/** Faults × times: how often each was made, how often it was survived, and how long that took. */
export function tally(outcomes: readonly Outcome[]): string {
  const kinds = [...new Set(outcomes.map(({ fault }) => fault.kind))].toSorted();
  const rows = kinds.map((kind) => rowOf(kind, outcomes));
  const all = [['fault', 'injected', 'survived', 'well after (median)', 'at most'], ...rows];
  const widths = all[0]?.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ');
  return all.map(line).join('\n');
}

function rowOf(kind: FaultKind, outcomes: readonly Outcome[]): readonly string[] {
  const own = outcomes.filter(({ fault, skipped }) => fault.kind === kind && skipped === null);
  const times = own
    .flatMap(({ recovery }) => (recovery === null ? [] : [recovery]))
    .toSorted((a, b) => a - b);
  const [median, most] = [times[times.length >> 1], times.at(-1)];
  return [kind, `${own.length}`, `${times.length}`, seconds(median), seconds(most)];
}

function seconds(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '' : `${(milliseconds / 1_000).toFixed(1)} s`;
}
