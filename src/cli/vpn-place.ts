import { resolve } from 'node:path';
import { listGrids } from '../manifest/grids.ts';
import type { PeopleFile } from '../manifest/vpn-people.ts';
import { parsePeople } from '../manifest/vpn-people-edit.ts';
import { GridError } from '../model/error.ts';
import { printPosition } from '../model/problem.ts';
import type { SourceTree, TextFile } from '../model/source.ts';
import { chosenGrids } from './grid-sources.ts';
import type { Io } from './io.ts';
import { findRepository, readWorkingTree } from './working-tree.ts';

/** Whose VPN is meant. */
export interface VpnPlace {
  /** In the working tree of the grid repository. */
  readonly repository: string;
  /** `null`: the only one that comes into question. */
  readonly grid: string | null;
}

/** The VPN of a grid, as its working tree has it. */
export interface Vpn {
  readonly root: string;
  readonly source: SourceTree;
  readonly grid: string;
  readonly file: TextFile;
  readonly people: PeopleFile;
}

export function stackFolder(grid: string): string {
  return `grids/${grid}/stacks/vpn`;
}

export function peoplePath(grid: string): string {
  return `${stackFolder(grid)}/people.yml`;
}

/** Throws `GridError` where there is no VPN, or its people.yml has problems: nothing is built on those. */
export async function openVpn(io: Io, { repository, grid: wanted }: VpnPlace): Promise<Vpn> {
  const root = await findRepository(resolve(io.cwd, repository));
  const source = await readWorkingTree(root);
  const grid = chooseGrid(source, wanted);
  const file = source.files.get(peoplePath(grid));
  if (file === undefined) throw noVpn(`grid ${grid} has no VPN`, grid);
  if (file.kind !== 'text')
    throw new GridError({
      code: 'invalid-request',
      message: `${file.path} is no text file that can be read`,
      hint: '`gridops validate` says why.',
    });
  const { people, problems } = parsePeople(file);
  if (people !== null) return { root, source, grid, file, people };
  const [problem] = problems;
  throw new GridError({
    code: 'invalid-request',
    message: `${problem === undefined ? file.path : printPosition(problem.position)}: ${problem?.message ?? 'is empty'}`,
    hint: `${problem?.hint ?? ''} Put that right first; nothing was changed.`.trim(),
  });
}

function chooseGrid(source: SourceTree, wanted: string | null): string {
  if (wanted !== null) return chosenGrids(source, wanted)[0] ?? wanted;
  const grids = listGrids(source.files.keys()).filter((name) => source.files.has(peoplePath(name)));
  const [grid, ...others] = grids;
  if (grid === undefined) throw noVpn('no grid of this repository has a VPN', 'GRID');
  if (others.length === 0) return grid;
  throw new GridError({
    code: 'invalid-request',
    message: `more than one grid has a VPN: ${grids.join(', ')}`,
    hint: 'Say which one: --grid NAME.',
  });
}

function noVpn(message: string, grid: string): GridError {
  const hint = `Make one: gridops vpn create --grid ${grid} --endpoint HOST.`;
  return new GridError({ code: 'not-found', message, hint });
}
