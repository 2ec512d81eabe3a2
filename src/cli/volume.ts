import { GridError } from '../model/error.ts';
import { sizeText } from '../model/size-text.ts';
import { VolumeList } from '../protocol/volume-api.ts';
import type { Client } from './client.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { age, paint, show, table } from './output.ts';

type Shown = VolumeList;

export async function listVolumes(
  io: Io,
  client: Client,
  options: { readonly grid: string; readonly json: boolean },
): Promise<ExitCode> {
  const path = `/grids/${encodeURIComponent(options.grid)}/volumes`;
  const value = await client.get(VolumeList, path);
  show(io, { json: options.json, value, text: (shown) => printVolumes(io, shown) });
  // What nobody said may be missing from the list: scripts must not take it for all.
  return value.silent.length === 0 ? EXIT.done : EXIT.failed;
}

export interface RemovalOptions {
  readonly grid: string;
  readonly node: string;
  readonly volume: string;
  /** The name once more, for scripts; `null`: it is typed. */
  readonly confirm: string | null;
  readonly json: boolean;
}

/** Nothing brings back what is in it: its name is given twice. */
export async function removeVolume(
  io: Io,
  client: Client,
  options: RemovalOptions,
): Promise<ExitCode> {
  const { grid, node, volume, json } = options;
  const confirm = options.confirm ?? (await typed(io, volume));
  if (confirm !== volume)
    throw new GridError({
      code: 'invalid-request',
      message: `that is not the name of the volume, and nothing was removed`,
    });
  const place = `/grids/${encodeURIComponent(grid)}/nodes/${encodeURIComponent(node)}`;
  const named = encodeURIComponent(volume);
  await client.delete(`${place}/volumes/${named}?confirm=${encodeURIComponent(confirm)}`);
  if (json) io.stdout(`${JSON.stringify({ grid, node, volume, removed: true })}\n`);
  else io.stderr(`volume ${volume} of node ${node} is removed, with all that was in it\n`);
  return EXIT.done;
}

async function typed(io: Io, volume: string): Promise<string> {
  if (io.stdin.isTerminal)
    return await io.stdin.ask(
      `Type ${volume} to remove it with all that is in it (what you type is not shown): `,
    );
  throw new GridError({
    code: 'invalid-request',
    message: `the removal of volume ${volume} has to be confirmed`,
    hint: `Do it in a terminal, or with --yes-remove ${volume}.`,
  });
}

function printVolumes(io: Io, { volumes, silent }: Shown): string {
  const colours = paint(io);
  const head = ['NODE', 'VOLUME', 'OF', 'SIZE', 'USED BY', 'UNUSED FOR'].map(colours.dim);
  const rows = volumes.map((one) => [
    one.node,
    one.name,
    owner(one),
    one.size === null ? '-' : sizeText(one.size),
    one.usedBy.join(', ') || '-',
    unused(io, one),
  ]);
  const missing = silent.map(({ node, reason }) => colours.yellow(`${node}: not known, ${reason}`));
  return [volumes.length === 0 ? 'No volumes.' : table(head, rows), ...missing].join('\n');
}

function owner({ stack, service, number }: Shown['volumes'][number]): string {
  if (stack === null) return '-';
  return service === null ? stack : `${stack}/${service}${number === null ? '' : `-${number}`}`;
}

function unused(io: Io, { usedBy, unusedSince }: Shown['volumes'][number]): string {
  if (usedBy.length > 0) return '-';
  return unusedSince === null ? 'not known' : age(io.clock.now() - unusedSince);
}
