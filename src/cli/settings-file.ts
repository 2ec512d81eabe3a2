import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { readTree } from '../manifest/read.ts';
import { didYouMean } from '../manifest/suggest.ts';
import { isNull, type TreeNode } from '../manifest/tree.ts';
import { GridError } from '../model/error.ts';
import { type Problem, printPosition } from '../model/problem.ts';
import type { Io } from './io.ts';
import { repositoryTable } from './repository-settings.ts';
import { type SectionName, type Setting, sections } from './settings.ts';

/** One value of `gridops.yml`, as text, and where it stands. */
export interface Written {
  readonly text: string;
  readonly place: string;
}

export interface SettingsFile {
  /** `null`: there is no file. */
  readonly path: string | null;
  /** Folder that relative paths in it start from. */
  readonly folder: string;
  /** By `section.name`, also `section.name_file`. */
  readonly values: ReadonlyMap<string, Written>;
  /** The items of `master.repositories`. */
  readonly repositories: readonly WrittenRepository[];
}

export interface WrittenRepository {
  readonly place: string;
  /** By name, also `name_file`. */
  readonly values: ReadonlyMap<string, Written>;
}

/**
 * Reads `--config`, `GRIDOPS_CONFIG` or `./gridops.yml`. Throws `GridError` `invalid-configuration` with every fault: an
 * unknown key is one, because a misspelt setting would silently not be in force.
 */
export async function readSettingsFile(io: Io, flag: string | undefined): Promise<SettingsFile> {
  const asked = flag ?? io.env['GRIDOPS_CONFIG'];
  const path = resolve(io.cwd, asked === undefined || asked === '' ? 'gridops.yml' : asked);
  const text = await readText(path, asked !== undefined && asked !== '');
  if (text === null) return { path: null, folder: io.cwd, values: new Map(), repositories: [] };
  const file = basename(path);
  const { root, problems } = readTree({ kind: 'text', path: file, blob: '', text });
  const faults = problems.map(printProblemLine);
  const repositories: WrittenRepository[] = [];
  const into: Reading = { values: new Map<string, Written>(), faults, repositories };
  if (root !== null && !isNull(root)) readSections(root, into);
  if (faults.length > 0) throw badFile(path, faults);
  return { path, folder: dirname(path), values: into.values, repositories };
}

async function readText(path: string, asked: boolean): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (!asked && (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new GridError({
      code: 'invalid-configuration',
      message: `cannot read the configuration file ${path}: ${(error as Error).message}`,
      cause: error,
    });
  }
}

interface Reading {
  readonly values: Map<string, Written>;
  readonly repositories: WrittenRepository[];
  readonly faults: string[];
}

function readSections(root: TreeNode, into: Reading): void {
  const { faults } = into;
  const known = Object.keys(sections);
  for (const [name, node, place] of entriesOf(root, faults)) {
    if (!known.includes(name)) {
      faults.push(`${place}: ${unknown(name, known)}`);
      continue;
    }
    readSection(name as SectionName, node, into);
  }
}

function readSection(section: SectionName, node: TreeNode, into: Reading): void {
  const settings: Readonly<Record<string, Setting>> = sections[section];
  const known = keysOf(settings);
  const isMaster = section === 'master';
  for (const [name, value, place] of entriesOf(node, into.faults)) {
    if (isMaster && name === 'repositories') readRepositories(value, into);
    else if (!known.includes(name))
      into.faults.push(`${place}: ${unknown(name, isMaster ? [...known, 'repositories'] : known)}`);
    else if (!isNull(value)) addValue(`${section}.${name}`, value, isList(settings[name]), into);
  }
}

function readRepositories(node: TreeNode, into: Reading): void {
  const { faults } = into;
  if (isNull(node)) return;
  if (node.kind !== 'list')
    faults.push(`${printPosition(node)}: master.repositories must be a list`);
  else for (const item of node.items) into.repositories.push(readRepository(item, faults));
}

function readRepository(node: TreeNode, faults: string[]): WrittenRepository {
  const settings = repositoryTable();
  const known = keysOf(settings);
  const values = new Map<string, Written>();
  for (const [name, value, place] of entriesOf(node, faults)) {
    if (!known.includes(name)) faults.push(`${place}: ${unknown(name, known)}`);
    else if (!isNull(value)) addValue(name, value, isList(settings[name]), { values, faults });
  }
  return { place: printPosition(node), values };
}

function keysOf(settings: Readonly<Record<string, Setting>>): readonly string[] {
  return Object.entries(settings).flatMap(([name, { secret }]) =>
    secret === true ? [name, `${name}_file`] : [name],
  );
}

function isList(setting: Setting | undefined): boolean {
  return ['list', 'urls'].includes(setting?.type ?? '');
}

function addValue(
  key: string,
  node: TreeNode,
  takesList: boolean,
  into: { readonly values: Map<string, Written>; readonly faults: string[] },
): void {
  const place = printPosition(node);
  const items = node.kind === 'list' && takesList ? node.items : [node];
  const texts = items.map((item) => (item.kind === 'scalar' ? item.text : null));
  if (texts.includes(null))
    into.faults.push(`${place}: ${key} must be ${takesList ? 'a list of texts' : 'one value'}`);
  else into.values.set(key, { text: texts.join(','), place });
}

function entriesOf(node: TreeNode, faults: string[]): [string, TreeNode, string][] {
  if (isNull(node)) return [];
  if (node.kind === 'map')
    return [...node.entries].map(([name, { key, value }]) => [name, value, printPosition(key)]);
  faults.push(`${printPosition(node)}: expected keys and values`);
  return [];
}

function unknown(name: string, known: readonly string[]): string {
  const { hint } = didYouMean(name, known);
  return `there is no setting "${name}"${hint === undefined ? '' : ` (${hint})`}`;
}

function printProblemLine(problem: Problem): string {
  return `${printPosition(problem.position)}: ${problem.message}`;
}

function badFile(path: string, faults: readonly string[]): GridError {
  return new GridError({
    code: 'invalid-configuration',
    message: [`${path} is not right:`, ...faults.map((fault) => `  ${fault}`)].join('\n'),
    hint: '`gridops config docs` lists every setting.',
  });
}
