import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../manifest/durations.ts';
import { GridStatus } from '../protocol/grid-api.ts';
import type { Client } from './client.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { show } from './output.ts';

/** A time, or how long from now on. */
export type Until =
  | { readonly at: number; readonly in?: never }
  | { readonly in: number; readonly at?: never };

export interface FreezeOptions {
  readonly grid: string;
  /** `null`: until somebody unfreezes it. */
  readonly until: Until | null;
  readonly reason: string;
  readonly json: boolean;
}

/** Lets the master deploy no commits to a grid. What runs is kept as it is wanted. */
export async function freeze(io: Io, client: Client, options: FreezeOptions): Promise<ExitCode> {
  const { grid, until, reason, json } = options;
  const end = until === null ? null : (until.at ?? io.clock.now() + until.in);
  const value = await client.put(GridStatus, pathOf(grid), {
    ...(end === null ? {} : { until: end }),
    ...(reason === '' ? {} : { reason }),
  });
  show(io, { json, value, text: frozenText });
  return EXIT.done;
}

export async function unfreeze(
  io: Io,
  client: Client,
  { grid, json }: { readonly grid: string; readonly json: boolean },
): Promise<ExitCode> {
  await client.delete(pathOf(grid));
  if (json) io.stdout(`${JSON.stringify({ grid, frozen: false })}\n`);
  else io.stderr(`grid ${grid} is not frozen any more; what waited is deployed now\n`);
  return EXIT.done;
}

/** `2h`, `3d`; `2026-12-01`, `2026-12-01T06:00`, with `Z` or an offset, else in the time of this machine. */
export function parseUntil(text: string): Until {
  const duration = parseDuration(text);
  if (duration.fault === undefined && duration.value > 0) return { in: duration.value * 1_000 };
  const shape = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?$/;
  // A day without a time would be read as midnight in London.
  const time = shape.test(text) ? Date.parse(text.length === 10 ? `${text}T00:00` : text) : NaN;
  if (Number.isNaN(time))
    throw new InvalidArgumentError(
      'It is a duration such as 2h or 3d, or a time such as 2026-12-01T06:00 or 2026-12-01T06:00Z.',
    );
  return { at: time };
}

/** The same text, when it can be read. */
export function untilText(text: string): string {
  parseUntil(text);
  return text;
}

function frozenText({ name, freeze: frozen }: GridStatus): string {
  const until = frozen?.until ?? null;
  const end = until === null ? `until \`gridops unfreeze ${name}\`` : `until ${minuteOf(until)}`;
  return `grid ${name} is frozen ${end}`;
}

function minuteOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function pathOf(grid: string): string {
  return `/grids/${encodeURIComponent(grid)}/freeze`;
}
