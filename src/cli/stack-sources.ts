import { resolve } from 'node:path';
import { type ForeignStack, foreignStacks } from '../manifest/foreign-stacks.ts';
import { GridError } from '../model/error.ts';
import { type ForeignSource, foreignPath, type SourceTree } from '../model/source.ts';
import type { Io } from './io.ts';
import { readWorkingFolder } from './working-tree.ts';

/** Folder of a working tree, by what grid.yml writes as the repository. */
export type StackSources = ReadonlyMap<string, string>;

/** Reads `NAME=FOLDER`. Throws `GridError` `invalid-request`. */
export function parseStackSources(io: Io, given: readonly string[]): StackSources {
  return new Map(given.map((text) => parseOne(io, text)));
}

/**
 * A working tree as a grid sees it: stacks from other repositories are those of the folders that were given, whatever their
 * `ref` says, and are not looked at where none was.
 */
export async function withForeign(
  source: SourceTree,
  grid: string,
  sources: StackSources,
): Promise<SourceTree> {
  const stacks = foreignStacks(source.files.get(`grids/${grid}/grid.yml`));
  if (stacks.length === 0) return source;
  const foreign = new Map<string, ForeignSource>();
  for (const stack of stacks) foreign.set(stack.stack, await readStack(stack, sources));
  return { ...source, foreign };
}

function parseOne(io: Io, text: string): readonly [string, string] {
  const at = text.indexOf('=');
  const [name, folder] = [text.slice(0, at), text.slice(at + 1)];
  if (at > 0 && folder !== '') return [name, resolve(io.cwd, folder)];
  throw new GridError({
    code: 'invalid-request',
    message: `--stack-source ${JSON.stringify(text)} does not say of which repository the folder is`,
    hint: 'Write NAME=FOLDER: the repository as grid.yml names it, and a working tree of it.',
  });
}

async function readStack(
  { repository, path }: ForeignStack,
  sources: StackSources,
): Promise<ForeignSource> {
  const root = sources.get(repository);
  if (root === undefined) return { kind: 'unseen' };
  const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  const files = await readWorkingFolder(root, folder);
  if (files === null) return folderMissing(folder, root);
  const moved = [...files.values()].map((file) => {
    const there = foreignPath(repository, file.path);
    return [there, { ...file, path: there }] as const;
  });
  return {
    kind: 'files',
    origin: { repository, sha: 'working-tree' },
    file: foreignPath(repository, path),
    files: new Map(moved),
  };
}

function folderMissing(folder: string, root: string): ForeignSource {
  const message = `there is no folder "${folder}" in ${root}`;
  return { kind: 'fault', key: 'path', code: 'file-missing', message };
}
